namespace Doppel.Backends.Disk.Operations;

/// <summary>Compares what two disks read as.</summary>
public static class DiskComparison
{
    /// <summary>The first byte that differs; null if there is none. A disk that is shorter counts as followed by zeroes.</summary>
    public static Task<long?> RunAsync(string first, DiskOpenOptions firstOptions, string second, DiskOpenOptions secondOptions, IProgress<double>? progress = null, CancellationToken cancel = default) => Task.Run(() =>
    {
        SynchronousDisk a = DiskImage.Open(first, firstOptions with { ReadOnly = true });
        SynchronousDisk? b = null;
        try
        {
            b = DiskImage.Open(second, secondOptions with { ReadOnly = true });
            return FirstDifference(a, b, progress, cancel);
        }
        finally
        {
            b?.Close();
            a.Close();
        }
    }, cancel);

    private static long? FirstDifference(SynchronousDisk a, SynchronousDisk b, IProgress<double>? progress, CancellationToken cancel)
    {
        long end = Math.Max(a.Length, b.Length);
        byte[] other = new byte[DiskContents.Piece];
        byte[] one = new byte[DiskContents.Piece];
        for (long at = 0; at < end;)
        {
            cancel.ThrowIfCancellationRequested();
            // Where both have nothing there is nothing to read.
            long next = Math.Min(DiskContents.Zeroes(a, at, end), DiskContents.Zeroes(b, at, end));
            if (next > at)
            {
                at = next;
                continue;
            }

            int length = (int)Math.Min(DiskContents.Piece, end - at);
            a.ReadPadded(at, one.AsSpan(0, length));
            b.ReadPadded(at, other.AsSpan(0, length));
            int same = one.AsSpan(0, length).CommonPrefixLength(other.AsSpan(0, length));
            if (same < length) return at + same;
            at += length;
            progress?.Report((double)at / end);
        }

        return null;
    }
}
