using System.Diagnostics;
using System.Globalization;
using Doppel.Backends.Disk;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>Writes to an image in a process of its own until it is killed; what it does follows from a seed, and it tells what has been flushed.</summary>
public sealed class DiskWriter
{
    private const string Variable = "DOPPEL_DISK_WRITER";

    /// <summary>The process: not a test by itself, run by <see cref="Start"/>.</summary>
    [Fact(Explicit = true)]
    public async Task Write()
    {
        string[] task = Environment.GetEnvironmentVariable(Variable)!.Split('|');
        await using SynchronousDisk disk = DiskImage.Open(task[0]);
        await using var log = new FileStream(task[1], FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 1);
        foreach (DiskWrite write in Sequence(int.Parse(task[2], CultureInfo.InvariantCulture), disk.Length))
        {
            if (write.IsZero) await disk.WriteZeroesAsync(write.Offset, write.Length, mayUnmap: true);
            else await disk.WriteAsync(write.Offset, write.Data());
            if (write.Index % 8 != 7) continue;
            await disk.FlushAsync();
            log.Write(System.Text.Encoding.ASCII.GetBytes($"{write.Index}\n"));
        }
    }

    internal static Process Start(string image, string log, int seed)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Doppel.Tests.Conformance");
        var start = new ProcessStartInfo(program, ["-explicit", "only", "-method", $"{typeof(DiskWriter).FullName}.{nameof(Write)}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = $"{image}|{log}|{seed}";
        Process process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Endless.</summary>
    internal static IEnumerable<DiskWrite> Sequence(int seed, long size)
    {
        var random = new Random(seed);
        int blocks = (int)(size / 512);
        for (int i = 0; ; i++)
        {
            int offset = random.Next(blocks);
            int length = Math.Min(blocks - offset, random.Next(1, random.Next(4) == 0 ? 512 : 16));
            yield return new DiskWrite(i, offset * 512, length * 512, random.Next(6) == 0);
        }
    }
}

internal readonly record struct DiskWrite(int Index, int Offset, int Length, bool IsZero)
{
    public byte[] Data()
    {
        byte[] data = new byte[Length];
        new Random(Index).NextBytes(data);
        return data;
    }
}
