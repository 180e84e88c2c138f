using System.Security.Cryptography;

namespace Doppel.Tests.System.Cli;

/// <summary>Ctrl-C during work on disk images.</summary>
public sealed class DiskInterruptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-disk-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Convert_that_is_interrupted_leaves_nothing_and_has_only_read_the_source(string signal)
    {
        string source = Path.Combine(_folder, "source.img"), target = Path.Combine(_folder, "target.qcow2");
        byte[] noise = RandomNumberGenerator.GetBytes(16 << 20);
        await using (FileStream file = File.Create(source))
        {
            for (int i = 0; i < 40; i++) await file.WriteAsync(noise);
        }

        DateTime written = File.GetLastWriteTimeUtc(source);
        using var process = new DoppelProcess("disk", "convert", "--compress", source, target);
        while (Directory.GetFiles(_folder).Length == 1) await Task.Delay(5);
        process.Signal(signal);
        DoppelResult result = await process.WaitAsync(Limits.Command);
        Assert.Equal((130, "doppel: interrupted\n"), (result.Code, result.Error));
        Assert.Equal([source], Directory.GetFiles(_folder));
        Assert.Equal(written, File.GetLastWriteTimeUtc(source));
    }
}
