using System.Net;
using Doppel.Core.Errors;
using Doppel.Images.Debian;
using Doppel.Images.Guests;
using Doppel.Images.Net;
using Doppel.Images.Store;
using Doppel.Tests.Unit.Images.Doubles;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Images.Store;

public sealed class ImageStoreTests : IDisposable
{
    private static readonly GuestImageRequest Plain = new();
    private static readonly GuestImageRequest WithTools = new(packages: "e2fsprogs");

    private readonly TempFolder _folder = new();
    private readonly List<PullProgress> _progress = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Pull_makes_a_kernel_and_an_initramfs()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        GuestImage image = await store.PullAsync(Plain, Progress);
        Assert.Equal(("debian-busybox", "6.12.1-1", false), (image.Name, image.Version, image.SignatureVerified));
        Assert.Equal(["linux-image-6.12.1-riscv64 6.12.1-1", "busybox-static 1:1.37.0-6"], image.Packages);
        Assert.Equal(MadePackage.Kernel("kernel 6.12.1-1"), File.ReadAllBytes(image.KernelPath));

        Dictionary<string, CpioEntry> files = CpioReader.ReadMerged(File.ReadAllBytes(image.InitrdPath));
        Assert.StartsWith("#!/bin/sh\n", files["init"].Text);
        Assert.Equal(0x81EDu, files["init"].Mode);
        Assert.Equal("the busybox", files["usr/bin/busybox"].Text);
        Assert.Equal("busybox", files["usr/bin/sh"].Text);
        Assert.Equal("usr/bin", files["bin"].Text);
        Assert.Equal((0x2180u, 5u, 1u), (files["dev/console"].Mode, files["dev/console"].Major, files["dev/console"].Minor));
        Assert.DoesNotContain(files.Keys, path => path.StartsWith("usr/share/doc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pull_takes_the_drivers_with_their_dependencies_and_no_others()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        GuestImage image = await store.PullAsync(Plain);
        Dictionary<string, CpioEntry> files = CpioReader.ReadMerged(File.ReadAllBytes(image.InitrdPath));
        const string Directory = "usr/lib/modules/6.12.1-riscv64/";
        // Those of the boot are unpacked, the others are not; crc16 is only a guess of ours that this kernel does not need.
        Assert.Equal(
            ["cdrom.ko.xz", "crc32c_generic.ko.xz", "early_helper.ko.xz", "ext4.ko.xz", "failover.ko.xz", "fat.ko.xz", "isofs.ko.xz", "jbd2.ko.xz", "loop.ko.xz", "mbcache.ko.xz", "modules.alias", "modules.dep", "net_failover.ko.xz", "nls_ascii.ko.xz", "nls_cp437.ko.xz", "nls_utf8.ko.xz", "overlay.ko.xz", "vfat.ko.xz", "virtio_blk.ko", "virtio_mmio.ko", "virtio_net.ko", "virtio_rng.ko"],
            files.Values.Where(entry => !entry.IsDirectory && entry.Path.StartsWith(Directory, StringComparison.Ordinal)).Select(entry => entry.Path[Directory.Length..]).Order(StringComparer.Ordinal));
        string[] dependencies = files[Directory + "modules.dep"].Text.Split('\n');
        Assert.Contains("ext4.ko.xz: jbd2.ko.xz mbcache.ko.xz early_helper.ko.xz", dependencies);
        Assert.Contains("virtio_mmio.ko:", dependencies);
        Assert.Contains("alias fs-ext4 ext4\n", files[Directory + "modules.alias"].Text);
        Assert.Contains("alias virtio:d00000004v* virtio_rng\n", files[Directory + "modules.alias"].Text);
    }

    [Fact]
    public async Task Pull_with_packages_adds_them_and_what_they_need()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        GuestImage image = await store.PullAsync(WithTools);
        Assert.Equal("debian-busybox:e2fsprogs", image.Name);
        Assert.Equal(["libc6 2.41-12", "e2fsprogs 1.47-1"], image.Packages.Skip(2));
        Dictionary<string, CpioEntry> files = CpioReader.ReadMerged(File.ReadAllBytes(image.InitrdPath));
        Assert.Equal("the mkfs", files["usr/sbin/mkfs.ext4"].Text);
        Assert.Equal("mkfs.ext4", files["usr/sbin/fsck.ext4"].Text);
        Assert.Equal("the libc", files["usr/lib/riscv64-linux-gnu/libc.so.6"].Text);
        Assert.Equal("usr/sbin", files["sbin"].Text);
        Assert.Contains("alias mkfs.ext4=/usr/sbin/mkfs.ext4\n", files["etc/profile.d/packages.sh"].Text);
        Assert.DoesNotContain(files.Keys, path => path.Contains("share/doc", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_needs_no_network_once_the_image_is_there()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage pulled = await store.GetAsync(Plain);
        mirror.Requests.Clear();
        GuestImage again = await store.GetAsync(Plain);
        Assert.Empty(mirror.Requests);
        Assert.Equal((pulled.KernelPath, pulled.InitrdPath, pulled.Created), (again.KernelPath, again.InitrdPath, again.Created));
        Assert.Equal(pulled.InitrdPath, store.Find(Plain)!.InitrdPath);
        Assert.Null(store.Find(WithTools));
    }

    [Fact]
    public async Task Get_makes_the_initramfs_of_another_version_of_the_program_anew_without_network()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage pulled = await store.GetAsync(Plain);
        string manifest = Assert.Single(Directory.GetFiles(Path.Combine(_folder.Path, "images")));
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"initrd:", "\"initrd:older", StringComparison.Ordinal));
        mirror.Requests.Clear();
        GuestImage again = await store.GetAsync(Plain);
        Assert.Empty(mirror.Requests);
        Assert.Equal(pulled.InitrdPath, again.InitrdPath);
        Assert.DoesNotContain("older", File.ReadAllText(manifest));
    }

    [Fact]
    public async Task Get_of_an_image_with_other_drivers_takes_them_from_the_kernels_package_again()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage pulled = await store.GetAsync(Plain);
        string manifest = Directory.GetFiles(Path.Combine(_folder.Path, "images")).Single();
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(DriverSet.Recipe, "0:virtio_mmio", StringComparison.Ordinal));
        mirror.Requests.Clear();
        GuestImage again = await store.GetAsync(Plain);
        Assert.Contains(mirror.Requests, path => path.Contains("linux-image", StringComparison.Ordinal));
        Assert.Equal(pulled.InitrdPath, again.InitrdPath);
    }

    [Fact]
    public async Task Pull_of_a_second_image_takes_what_the_first_has()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage first = await store.PullAsync(Plain);
        mirror.Requests.Clear();
        GuestImage second = await store.PullAsync(WithTools);
        Assert.Equal(first.KernelPath, second.KernelPath);
        Assert.Equal(["dists/trixie/InRelease", "pool/main/l/libc6/libc6_2.41-12_riscv64.deb", "pool/main/e/e2fsprogs/e2fsprogs_1.47-1_riscv64.deb"], mirror.Requests);
    }

    [Fact]
    public async Task Pull_of_what_is_current_changes_nothing()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage first = await store.PullAsync(Plain);
        string[] before = Files();
        mirror.Requests.Clear();
        Assert.Equal(first.Created, (await store.PullAsync(Plain)).Created);
        Assert.Equal(["dists/trixie/InRelease"], mirror.Requests);
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task Pull_of_a_newer_kernel_replaces_the_older()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage old = await store.PullAsync(Plain);
        mirror.AddKernel("6.12.2-1");
        mirror.Date += TimeSpan.FromDays(1);
        GuestImage image = await store.PullAsync(Plain);
        Assert.Equal("6.12.2-1", image.Version);
        Assert.False(File.Exists(old.KernelPath));
        Assert.Equal("6.12.2-1", Assert.Single(store.List()).Version);
        // Kernel, drivers, busybox, initramfs and the index.
        Assert.Equal(5, Directory.GetFiles(Path.Combine(_folder.Path, "blobs", "sha256")).Length);
    }

    [Fact]
    public async Task Remove_deletes_what_no_other_image_needs()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        await store.PullAsync(Plain);
        GuestImage other = await store.PullAsync(WithTools);
        Assert.Equal(["debian-busybox", "debian-busybox:e2fsprogs"], store.List().Select(image => image.Name));
        await store.RemoveAsync("debian-busybox");
        Assert.Equal(other.InitrdPath, Assert.Single(store.List()).InitrdPath);
        Assert.True(File.Exists(other.KernelPath));
        await store.RemoveAsync("debian-busybox:e2fsprogs");
        Assert.Empty(store.List());
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.Path, "blobs", "sha256")));
    }

    [Fact]
    public async Task Remove_of_what_is_not_there_is_not_found()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<DoppelException>(() => store.RemoveAsync("debian-busybox"))).Kind);
    }

    [Fact]
    public async Task Image_whose_file_is_gone_or_cut_is_made_anew()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        GuestImage image = await store.PullAsync(Plain);
        File.WriteAllText(image.KernelPath, "short");
        Assert.Empty(store.List());
        Assert.Equal(image.KernelPath, (await store.GetAsync(Plain)).KernelPath);
        Assert.Equal(MadePackage.Kernel("kernel 6.12.1-1"), File.ReadAllBytes(image.KernelPath));
    }

    [Theory]
    [InlineData("linux-image-6.12.1-riscv64")]
    [InlineData("busybox-static")]
    public async Task Package_with_a_wrong_checksum_is_corrupt_and_leaves_nothing(string package)
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Corrupt(package);
        await FailsAsync(mirror, ErrorKind.Corrupt, "wrong checksum");
    }

    [Fact]
    public async Task Package_that_is_damaged_inside_is_corrupt_and_leaves_nothing()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Add("busybox-static", "1:1.37.0-6", MadePackage.Ar(("debian-binary", []), ("data.tar.xz", [1, 2, 3])));
        await FailsAsync(mirror, ErrorKind.Corrupt, "'busybox-static' is damaged");
    }

    [Fact]
    public async Task Kernel_of_another_machine_is_refused()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Add("linux-image-6.12.1-riscv64", "6.12.1-1", MadePackage.Deb(MadePackage.File("boot/vmlinuz-6.12.1", new byte[100])));
        await FailsAsync(mirror, ErrorKind.Corrupt, "not a RISC-V Image");
    }

    [Fact]
    public async Task Download_that_always_ends_early_is_unreachable_and_leaves_nothing()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Fault = (path, _) => path.Contains("busybox", StringComparison.Ordinal) ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new Short()) } : null;
        await FailsAsync(mirror, ErrorKind.Unreachable, "the connection ended after 1 of");
    }

    [Fact]
    public async Task Package_that_the_mirror_lacks_is_not_found_and_leaves_nothing()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Fault = (path, _) => path.Contains("busybox", StringComparison.Ordinal) ? new HttpResponseMessage(HttpStatusCode.NotFound) : null;
        await FailsAsync(mirror, ErrorKind.NotFound, "404");
    }

    [Fact]
    public async Task Mirror_that_answers_is_found_and_nothing_is_fetched()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        Assert.StartsWith("http", (await store.FindMirrorAsync(TestContext.Current.CancellationToken)).ToString(), StringComparison.Ordinal);
        Assert.Empty(store.List());

        FakeMirror silent = FakeMirror.WithGuest();
        silent.Fault = (_, _) => throw new HttpRequestException("Name or service not known");
        using ImageStore alone = Store(silent);
        Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<DoppelException>(() => alone.FindMirrorAsync(TestContext.Current.CancellationToken))).Kind);
    }

    [Fact]
    public async Task No_network_is_unreachable_and_leaves_nothing()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Fault = (_, _) => throw new HttpRequestException("Name or service not known");
        await FailsAsync(mirror, ErrorKind.Unreachable, "Name or service not known");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(2000)]
    [InlineData(20_000)]
    [InlineData(30_000)]
    public async Task Full_disk_is_said_and_leaves_nothing(int room) =>
        await FailsAsync(FakeMirror.WithGuest(), ErrorKind.InsufficientResources, "no space left", new FullDisk(room));

    [Fact]
    public async Task Failed_pull_leaves_the_image_of_before()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        GuestImage image = await store.PullAsync(Plain);
        string[] before = [.. Files().Where(file => file != "index.json" && !file.StartsWith("blobs", StringComparison.Ordinal))];
        mirror.AddKernel("6.12.2-1");
        mirror.Corrupt("linux-image-6.12.2-riscv64");
        mirror.Date += TimeSpan.FromDays(1);
        await Assert.ThrowsAsync<DoppelException>(() => store.PullAsync(Plain));
        Assert.Equal(before, Files().Where(file => file != "index.json" && !file.StartsWith("blobs", StringComparison.Ordinal)));
        Assert.Equal(image.InitrdPath, (await store.GetAsync(Plain)).InitrdPath);
    }

    [Fact]
    public async Task Mirror_that_is_older_than_what_was_seen_is_refused()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore store = Store(mirror);
        await store.PullAsync(Plain);
        mirror.Date -= TimeSpan.FromDays(1);
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => store.PullAsync(Plain));
        Assert.Contains("out of date", error.Message);
    }

    [Fact]
    public async Task Mirror_of_another_suite_is_refused()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.Codename = "sid";
        await FailsAsync(mirror, ErrorKind.Corrupt, "'sid'");
    }

    [Fact]
    public async Task Mirror_without_by_hash_is_good_enough()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        mirror.ByHash = false;
        using ImageStore store = Store(mirror);
        Assert.Equal("6.12.1-1", (await store.PullAsync(Plain)).Version);
    }

    [Fact]
    public async Task Second_mirror_is_used_when_the_first_cannot_be()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        int asked = 0;
        mirror.Fault = (_, _) => asked++ == 0 ? new HttpResponseMessage(HttpStatusCode.NotFound) : null;
        using ImageStore store = Store(mirror, mirrors: [new Uri("http://first.invalid/debian/"), FakeMirror.Address]);
        Assert.Equal(FakeMirror.Address.ToString(), (await store.PullAsync(Plain)).Source);
    }

    [Fact]
    public async Task Unverified_signature_is_said()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        await store.PullAsync(Plain, Progress);
        PullProgress warning = Assert.Single(_progress, report => report.Step == PullStep.Warning);
        Assert.Contains("gpgv is not installed", warning.Subject);
    }

    [Fact]
    public async Task Progress_counts_each_download_up_to_its_total()
    {
        using ImageStore store = Store(FakeMirror.WithGuest());
        await store.PullAsync(Plain, Progress);
        foreach (IGrouping<string, PullProgress> download in _progress.Where(report => report.Step == PullStep.Download).GroupBy(report => report.Subject))
            Assert.Equal(download.Last().Total, download.Last().Done);
        Assert.Equal(["linux-image-6.12.1-riscv64 6.12.1-1", "busybox-static 1:1.37.0-6"], _progress.Where(report => report.Step == PullStep.Unpack).Select(report => report.Subject).Distinct());
    }

    [Fact]
    public async Task Two_stores_that_pull_at_once_fetch_the_kernel_once()
    {
        FakeMirror mirror = FakeMirror.WithGuest();
        using ImageStore one = Store(mirror), two = Store(mirror);
        GuestImage[] images = await Task.WhenAll(Task.Run(() => one.GetAsync(Plain)), Task.Run(() => two.GetAsync(Plain)));
        Assert.Equal(images[0].InitrdPath, images[1].InitrdPath);
        Assert.Single(mirror.Requests, path => path.Contains("linux-image-6.12.1", StringComparison.Ordinal));
    }

    private IProgress<PullProgress> Progress => new Recorder(_progress);

    private ImageStore Store(FakeMirror mirror, FullDisk? disk = null, Uri[]? mirrors = null) =>
        new(new ImageCache(_folder.Path, disk is null ? null : disk.Create), mirror, mirrors ?? [FakeMirror.Address], new ReleaseSignature(null, null), new DownloadPatience { FirstDelay = TimeSpan.FromMilliseconds(1) });

    private async Task FailsAsync(FakeMirror mirror, ErrorKind kind, string message, FullDisk? disk = null)
    {
        using ImageStore store = Store(mirror, disk);
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => store.PullAsync(Plain));
        Assert.Equal(kind, error.Kind);
        Assert.Contains(message, error.Message);
        Assert.Empty(Files().Except(["lock", "index.json"]));
        Assert.Empty(store.List());
    }

    private string[] Files() => [.. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder.Path, path)).Order(StringComparer.Ordinal)];

    private sealed class Recorder(List<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => reports.Add(value);
    }

    /// <summary>One byte and then the end, without a word on the length.</summary>
    private sealed class Short() : MemoryStream([1])
    {
        public override bool CanSeek => false;
    }
}
