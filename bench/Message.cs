namespace Doppel.Bench;

/// <summary>What a failed contender said, short enough for a table.</summary>
internal static class Message
{
    private const int LinesShown = 4;

    /// <summary>The last lines of a console say what came before, the first ones of an error what it is. Empty if there is nothing to say.</summary>
    public static string After(string console, string errors)
    {
        const StringSplitOptions clean = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        string text = string.Join('\n', console.Split('\n', clean).TakeLast(LinesShown).Concat(errors.Split('\n', clean).Take(LinesShown)));
        return text.Length == 0 ? "" : ":\n" + text;
    }
}
