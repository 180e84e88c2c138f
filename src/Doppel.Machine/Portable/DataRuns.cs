namespace Doppel.Machine.Portable;

/// <summary>Splits content into what has to be written and what is zeroes anyway.</summary>
internal static class DataRuns
{
    /// <summary>The runs of blocks that are not zeroes, in order.</summary>
    /// <param name="block">Bytes.</param>
    public static List<Range> Of(ReadOnlySpan<byte> content, int block)
    {
        var runs = new List<Range>();
        for (int at = 0; at < content.Length; at += block)
        {
            int end = Math.Min(at + block, content.Length);
            if (!content[at..end].ContainsAnyExcept((byte)0)) continue;
            if (runs.Count > 0 && runs[^1].End.Value == at) runs[^1] = runs[^1].Start..end;
            else runs.Add(at..end);
        }

        return runs;
    }
}
