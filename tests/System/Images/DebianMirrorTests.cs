using System.Text;
using Doppel.Core.Errors;
using Doppel.Images.Store;

namespace Doppel.Tests.System.Images;

/// <summary>The default guest from a real mirror: the one that this machine's apt uses.</summary>
public sealed class DebianMirrorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("doppel-cache-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Guest_from_the_mirror_is_complete_and_then_needs_no_network()
    {
        using ImageStore store = new(_directory);
        List<PullProgress> progress = [];
        GuestImage image = await store.PullAsync(new GuestImageRequest(packages: "e2fsprogs"), new Recorder(progress), TestContext.Current.CancellationToken);

        byte[] kernel = await File.ReadAllBytesAsync(image.KernelPath);
        Assert.Equal("RSC\u0005"u8, kernel.AsSpan(0x38, 4));
        string initramfs = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(image.InitrdPath));
        foreach (string path in (string[])["init\0", "usr/bin/busybox\0", "/ext4.ko.xz\0", "/virtio_mmio.ko\0", "usr/sbin/mke2fs\0", "usr/lib/ld-linux-riscv64-lp64d.so.1\0"])
            Assert.Contains(path, initramfs, StringComparison.Ordinal);
        Assert.StartsWith("linux-image-6.", image.Packages[0]);
        bool canVerify = File.Exists("/usr/bin/gpgv") && File.Exists("/usr/share/keyrings/debian-archive-keyring.gpg");
        Assert.Equal(canVerify, image.SignatureVerified);
        Assert.Equal(canVerify, !progress.Any(report => report.Step == PullStep.Warning));

        // The plain guest shares the kernel with it; only the index's signature is asked for anew.
        progress.Clear();
        GuestImage plain = await store.PullAsync(new GuestImageRequest(), new Recorder(progress), TestContext.Current.CancellationToken);
        Assert.Equal(image.KernelPath, plain.KernelPath);
        Assert.DoesNotContain(progress, report => report.Step is PullStep.Download or PullStep.Unpack);
        Assert.Equal(plain.InitrdPath, (await store.GetAsync(new GuestImageRequest())).InitrdPath);

        await store.RemoveAsync(image.Name);
        await store.RemoveAsync(plain.Name);
        Assert.Empty(store.List());
        Assert.Empty(Directory.GetFiles(Path.Combine(_directory, "blobs", "sha256")));
    }

    [Fact]
    public async Task Package_that_debian_does_not_have_is_not_found()
    {
        using ImageStore store = new(_directory);
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => store.PullAsync(new GuestImageRequest(packages: "no-such-package-of-debian"), null, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Contains("no-such-package-of-debian", error.Message);
    }

    private sealed class Recorder(List<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => reports.Add(value);
    }
}
