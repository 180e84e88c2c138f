using System.Text;
using Doppel.Core.Errors;
using Doppel.Core.Guests;
using Doppel.Images.Debian;
using Doppel.Images.Net;
using Doppel.Images.Store;
using Doppel.Tests.Unit.Images.Doubles;
using Doppel.Tests.Unit.Machine;

namespace Doppel.Tests.Unit.Images.Disks;

/// <summary>The building of a disk from a made-up mirror, with a made-up guest.</summary>
public sealed class DiskBuilderTests : IDisposable
{
    private static readonly GuestImageRequest Debian = new(GuestImageRequest.DebianName);

    private readonly TempFolder _folder = new();
    private readonly List<PullProgress> _progress = [];
    private readonly FakeMirror _mirror = FakeMirror.WithDisk();
    private readonly MadeGuest _guest = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Image_has_kernel_initramfs_and_the_disk_that_the_guest_wrote()
    {
        using ImageStore store = Store();
        GuestImage image = await store.GetAsync(Debian, new Recorder(_progress));

        Assert.Equal(GuestImageRequest.DefaultDiskBytes, image.DiskBytes);
        byte[] disk = await File.ReadAllBytesAsync(image.DiskPath!);
        Assert.Equal("QFI\u00fb", Encoding.Latin1.GetString(disk, 0, 4));
        Assert.Contains(MadeGuest.Written, Encoding.Latin1.GetString(disk));
        Assert.Contains("base-files 13", image.Packages);
        Assert.Equal((await store.GetAsync(new GuestImageRequest())).InitrdPath, image.InitrdPath);
        Assert.Contains(_progress, report => report is { Step: PullStep.Install, Subject: "unpacking", Done: 1, Total: 2 });
        Assert.True(image.SizeBytes > disk.Length);
        Assert.Equal(image, store.Find(Debian), Same);

        // The packages' own date, and a disk with a file for each package.
        Assert.Equal(MadePackage.Made, _guest.Task!.RepeatableFrom);
        Assert.Contains("base-files.deb", _guest.Medium);
        Assert.Equal((false, true), (_guest.Task.Disks[0].ReadOnly, _guest.Task.Disks[1].ReadOnly));
    }

    [Fact]
    public async Task Disk_is_not_built_again_while_the_packages_are_the_same()
    {
        using ImageStore store = Store();
        GuestImage first = await store.PullAsync(Debian);
        Assert.Equal(first, await store.PullAsync(Debian), Same);
        Assert.Equal(1, _guest.Runs);

        // Of another size it is another one, and that size stays.
        GuestImage large = await store.PullAsync(new GuestImageRequest(Debian.Name) { DiskBytes = 16L << 30 });
        Assert.Equal(16L << 30, large.DiskBytes);
        Assert.Equal(large, await store.PullAsync(Debian), Same);
        _mirror.Add("base-files", "14", MadePackage.Deb(), "Essential: yes\nPre-Depends: awk\n");
        Assert.Contains("base-files 14", (await store.PullAsync(Debian)).Packages);
        Assert.Equal(3, _guest.Runs);
        await store.RemoveAsync("debian");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder.Path, "blobs", "sha256")));
    }

    [Theory]
    [InlineData(1, "step unpacking\n", "while unpacking")]
    [InlineData(null, "step unpacking\n", "while unpacking")]
    [InlineData(0, "step finishing\n", "while finishing")]
    [InlineData(3, "", "while starting")]
    public async Task Guest_that_fails_is_an_error_that_says_where_its_words_are(int? code, string output, string message)
    {
        _guest.ExitCode = code;
        _guest.Output = output;
        DoppelException error = await FailsAsync(ErrorKind.Failed);
        Assert.Contains(message, error.Message);
        string log = error.Hint!.Split(": ")[1];
        Assert.Contains("a word of the kernel", await File.ReadAllTextAsync(log));
    }

    [Fact]
    public async Task Machine_that_cannot_be_made_is_the_error()
    {
        _guest.Failure = new DoppelException(ErrorKind.InsufficientResources, "no memory");
        Assert.Equal("no memory", (await FailsAsync(ErrorKind.InsufficientResources)).Message);
    }

    [Fact]
    public async Task Full_disk_of_the_host_is_said()
    {
        _guest.Failure = new IOException("No space left on device", 28);
        Assert.Contains("no space left", (await FailsAsync(ErrorKind.InsufficientResources)).Message);
    }

    [Fact]
    public async Task Damaged_package_is_named()
    {
        _mirror.Corrupt("mawk");
        Assert.Contains("mawk", (await FailsAsync(ErrorKind.Corrupt)).Message);
        Assert.Equal(0, _guest.Runs);
    }

    [Fact]
    public async Task Cancelled_build_leaves_nothing()
    {
        using var cancel = new CancellationTokenSource();
        _guest.Started = cancel.Cancel;
        using ImageStore store = Store();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.GetAsync(Debian, null, cancel.Token));
        AssertNothingLeft();
    }

    [Fact]
    public async Task Store_without_a_machine_says_so()
    {
        using ImageStore store = Store(withRunner: false);
        Assert.Equal(ErrorKind.WrongState, (await Assert.ThrowsAsync<DoppelException>(() => store.GetAsync(Debian))).Kind);
    }

    [Theory]
    [InlineData("debian", 1000L)]
    [InlineData("debian", (1L << 30) + 512)]
    [InlineData("debian-busybox", 8L << 30)]
    public void Size_that_no_disk_has_is_a_usage_error(string name, long size) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => new GuestImageRequest(name) { DiskBytes = size }).Kind);

    private static bool Same(GuestImage? one, GuestImage? other) => one?.DiskPath == other?.DiskPath && one?.Created == other?.Created && one?.DiskBytes == other?.DiskBytes;

    private async Task<DoppelException> FailsAsync(ErrorKind kind)
    {
        using ImageStore store = Store();
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => store.PullAsync(Debian));
        Assert.Equal(kind, error.Kind);
        AssertNothingLeft();
        return error;
    }

    private void AssertNothingLeft()
    {
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Except(["lock", "index.json", "build.log"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder.Path, "tmp")));
    }

    private ImageStore Store(bool withRunner = true) =>
        new(new ImageCache(_folder.Path), _mirror, [FakeMirror.Address], new ReleaseSignature(null, null), new DownloadPatience { FirstDelay = TimeSpan.FromMilliseconds(1) }, withRunner ? _guest : null);

    private sealed class Recorder(List<PullProgress> reports) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            lock (reports) reports.Add(value);
        }
    }

    /// <summary>Does not boot anything, but says and writes what a guest would.</summary>
    private sealed class MadeGuest : IGuestRunner
    {
        public const string Written = "written in the guest";

        public int? ExitCode { get; set; } = 0;

        public string Output { get; set; } = "step unpacking\ncount 1 2\ncount x y\nstep done\n";

        public Exception? Failure { get; set; }

        public Action Started { get; set; } = () => { };

        public int Runs { get; private set; }

        public GuestTask? Task { get; private set; }

        public string Medium { get; private set; } = "";

        public async Task<int?> RunAsync(GuestTask task, Action<string> output, Action<string> log, CancellationToken cancel)
        {
            Runs++;
            Task = task;
            // Names begin at odd places.
            Medium = Encoding.BigEndianUnicode.GetString((await File.ReadAllBytesAsync(task.Disks[1].Path, cancel)).AsSpan(1..));
            Started();
            cancel.ThrowIfCancellationRequested();
            log("a word of the kernel");
            if (Failure is not null) throw Failure;
            using (FileStream disk = File.OpenWrite(task.Disks[0].Path)) disk.Write(Encoding.ASCII.GetBytes(Written));
            foreach (string line in Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)) output(line);
            return ExitCode;
        }
    }
}
