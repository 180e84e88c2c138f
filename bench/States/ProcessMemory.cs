// proc(5), /proc/pid/smaps.
using System.Globalization;
using System.Text;

namespace Doppel.Bench.States;

/// <summary>The memory of this process, its share of what others have too.</summary>
internal static class ProcessMemory
{
    // There before, so that what it takes to read is not counted.
    private static readonly byte[] Text = Filled();

    /// <summary>KiB, when all garbage has been given back to the host.</summary>
    public static long Now()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        int length = 0;
        using (FileStream file = File.OpenRead("/proc/self/smaps"))
        {
            for (int count; (count = file.Read(Text, length, Text.Length - length)) > 0;) length += count;
        }

        return Encoding.ASCII.GetString(Text, 0, length).Split('\n').Where(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }

    private static byte[] Filled()
    {
        byte[] text = new byte[64 << 20];
        text.AsSpan().Fill(1);
        return text;
    }
}
