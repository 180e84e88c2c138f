using System.Diagnostics;
using System.Globalization;
using Doppel.Backends.Disk;

namespace Doppel.Tests.Conformance.Disk;

/// <summary>A writer that is killed at any moment leaves an image that opens, has no errors, and holds what was flushed.</summary>
public sealed class KilledWriterTests
{
    private const int Size = 8 << 20;

    private static int Seeds { get; } = int.Parse(Environment.GetEnvironmentVariable("DOPPEL_DISK_KILLS") ?? "6", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Killed_writer_leaves_what_was_flushed()
    {
        QemuImg.Require();
        for (int seed = 1; seed <= Seeds; seed++) await RunAsync(seed);
    }

    private static async Task RunAsync(int seed)
    {
        string folder = DiskFolder.Make();
        try
        {
            var random = new Random(seed);
            string image = Path.Combine(folder, "disk.qcow2"), log = Path.Combine(folder, "log");
            ImageShape shape = ImageShape.Random(random);
            shape.Create(image, Size);
            File.WriteAllText(log, "");
            using (Process writer = DiskWriter.Start(image, log, seed))
            {
                // Until it writes, then a little longer.
                long started = Stopwatch.GetTimestamp();
                while (File.ReadAllText(log).Length == 0) Assert.True(!writer.HasExited && Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1), $"The writer wrote nothing ({shape}).");
                await Task.Delay(random.Next(150));
                writer.Kill();
                await writer.WaitForExitAsync();
            }

            await VerifyAsync(image, seed, Flushed(log), shape);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Flushed(string log) => File.ReadAllText(log).Split('\n') is [.., var last, _] ? int.Parse(last, CultureInfo.InvariantCulture) : -1;

    private static async Task VerifyAsync(string image, int seed, int flushed, ImageShape shape)
    {
        Assert.True(flushed >= 7);
        // Before anybody repairs it; an image that says that it is to be repaired is repaired by QEMU's check as by us.
        if (!shape.Lazy) QemuImg.Check(image, allowsLeaks: true);
        byte[] model = new byte[Size];
        bool[] since = new bool[Size / 512];
        // Of what came after the flush that was told last anything may be there: the next flush may have been done, too.
        foreach (DiskWrite write in DiskWriter.Sequence(seed, Size).TakeWhile(w => w.Index <= flushed + 16))
        {
            if (write.Index > flushed) since.AsSpan(write.Offset / 512, write.Length / 512).Fill(true);
            else if (write.IsZero) model.AsSpan(write.Offset, write.Length).Clear();
            else write.Data().CopyTo(model, write.Offset);
        }

        byte[] now = new byte[Size];
        await using (SynchronousDisk disk = DiskImage.Open(image)) await disk.ReadAsync(0, now);
        for (int block = 0; block < since.Length; block++)
        {
            Assert.True(since[block] || now.AsSpan(block * 512, 512).SequenceEqual(model.AsSpan(block * 512, 512)), $"seed {seed}, {shape}: block {block} is not what write {flushed} or an earlier one left");
        }

        QemuImg.Check(image, allowsLeaks: true);
        Doppel.Backends.Disk.Qcow2.Qcow2CheckResult? left = (await Doppel.Backends.Disk.Operations.DiskCheck.RunAsync(image, new DiskOpenOptions(), repair: true)).Left;
        Assert.True(left is { IsClean: true });
        QemuImg.Check(image);
    }
}
