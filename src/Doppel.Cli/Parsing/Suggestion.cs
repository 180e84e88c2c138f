namespace Doppel.Cli.Parsing;

/// <summary>The known word that a mistyped one was meant to be.</summary>
internal static class Suggestion
{
    /// <summary>The word with the fewest changes, if those are few; null otherwise.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        (string Word, int Distance) best = known.Select(k => (Word: k, Distance: k.StartsWith(word, StringComparison.Ordinal) && word.Length > 2 ? 1 : Distance(word, k)))
            .OrderBy(c => c.Distance).ThenBy(c => c.Word, StringComparer.Ordinal).FirstOrDefault();
        return best.Word is not null && best.Distance <= Math.Max(1, word.TrimStart('-').Length / 3) ? best.Word : null;
    }

    /// <summary>Levenshtein's distance, with two neighbours swapped as one change.</summary>
    private static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j] + 1, cost[i, j - 1] + 1), cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }

        return cost[a.Length, b.Length];
    }
}
