using System.Globalization;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Core.Errors;
using Doppel.Core.Guests;
using Doppel.Images.Debian;
using Doppel.Images.Guests;
using Doppel.Images.Net;
using Doppel.Images.Store;

namespace Doppel.Images.Disks;

/// <summary>
/// Makes Debian's disk: fetches the packages and unpacks them as far as we can, and leaves to a guest what needs Linux – a file system, and Debian's own
/// dpkg to install them. docs/debian-disk.md has the whole of it.
/// </summary>
internal sealed class DiskBuilder(ImageCache cache, DebianRepository repository, DebianSuite suite, IGuestRunner runner, IProgress<PullProgress>? progress)
{
    /// <summary>Debian packages that the builder's guest has beside busybox.</summary>
    internal static readonly string[] BuilderPackages = ["e2fsprogs"];

    /// <summary>dpkg holds its database in memory, the page cache the rest.</summary>
    private const ulong BuilderMemory = 1UL << 30;

    private const string CommandLine = "console=ttyS0 quiet loglevel=4 panic=-1";

    /// <summary>Makes the disk.</summary>
    /// <param name="builder">The guest that does it: the default one with <see cref="BuilderPackages"/>.</param>
    internal async Task<Layer> BuildAsync(DiskPlan plan, ImageManifest builder, CancellationToken cancel)
    {
        // A folder in the cache's own for temporary files: who takes its lock next sweeps it away if we cannot.
        string folder = cache.TemporaryFolder();
        try
        {
            string medium = Path.Combine(folder, "packages.iso"), raw = Path.Combine(folder, "disk.img"), packed = Path.Combine(folder, "disk.qcow2");
            DateTimeOffset made = await new PackageMedium(cache, repository, suite, progress).WriteAsync(plan.Packages, medium, folder, cancel).ConfigureAwait(false);
            DiskImage.CreateRaw(raw, plan.Size);
            await InstallAsync(plan, builder, medium, raw, made, cancel).ConfigureAwait(false);
            File.Delete(medium);

            var conversion = new DiskConversion { Source = raw, Target = packed, TargetFormat = DiskFormat.Qcow2 };
            await conversion.RunAsync(new Percent(progress, "packing the disk"), cancel).ConfigureAwait(false);
            File.Delete(raw);
            return await cache.AdoptBlobAsync(plan.Key, packed, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (DiskFault.Is(error))
        {
            throw DiskFault.Explain(error, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task InstallAsync(DiskPlan plan, ImageManifest builder, string medium, string raw, DateTimeOffset made, CancellationToken cancel)
    {
        var lists = new Dictionary<string, IEnumerable<string>>
        {
            ["tools"] = plan.Tools.Select(package => package.Name),
            ["packages"] = plan.Packages.Select(package => package.Name),
            ["parameters"] = [$"UUID={plan.FileSystemId}", $"SUITE={DebianRepository.Codename}", $"MIRROR={AptSources.PublicMirror}"],
        };
        var task = new GuestTask
        {
            Name = "debian-builder",
            Kernel = cache.BlobPath(builder.Kernel.Sha256),
            Initrd = cache.BlobPath(builder.Initrd.Sha256),
            InitrdExtras = [DiskFiles.ToArchive(lists), GuestCommand.ToArchive(["sh", "/doppel/build"])],
            CommandLine = CommandLine,
            MemoryBytes = BuilderMemory,
            Disks = [new GuestTaskDisk(raw, ReadOnly: false), new GuestTaskDisk(medium, ReadOnly: true)],
            RepeatableFrom = made,
        };
        bool isDone = false;
        string step = "starting";
        progress?.Report(new PullProgress(PullStep.Build, "starting the guest that installs the packages"));
        int? code;
        using (var log = new BuildLog(cache.BuildLogPath))
        {
            code = await runner.RunAsync(task, OnLine, log.Write, cancel).ConfigureAwait(false);

            void OnLine(string line)
            {
                log.Write(line);
                string[] words = line.Split(' ', 3);
                if (words is ["count", { } done, { } total] && long.TryParse(done, NumberStyles.None, CultureInfo.InvariantCulture, out long at) && long.TryParse(total, NumberStyles.None, CultureInfo.InvariantCulture, out long all))
                {
                    progress?.Report(new PullProgress(PullStep.Install, step, at, all));
                }
                else if (words is ["step", ..])
                {
                    step = line["step ".Length..];
                    isDone = step == "done";
                    progress?.Report(new PullProgress(PullStep.Build, step));
                }
            }
        }

        if (code != 0 || !isDone)
            throw new DoppelException(ErrorKind.Failed, $"the guest that makes the disk failed while {step}", $"look at what it said: {cache.BuildLogPath}");
    }

    private sealed class Percent(IProgress<PullProgress>? progress, string what) : IProgress<double>
    {
        public void Report(double value) => progress?.Report(new PullProgress(PullStep.Build, what, (long)(value * 1000), 1000));
    }
}
