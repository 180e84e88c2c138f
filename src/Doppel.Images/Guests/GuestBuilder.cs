using System.Security.Cryptography;
using System.Text;
using Doppel.Core.Errors;
using Doppel.Core.Guests;
using Doppel.Images.Archives;
using Doppel.Images.Debian;
using Doppel.Images.Disks;
using Doppel.Images.Net;
using Doppel.Images.Store;

namespace Doppel.Images.Guests;

/// <summary>
/// Makes the default guest: Debian's kernel, and an initramfs of layers – ours, the drivers, busybox, and the packages that were asked for.
/// A layer that some image in the cache already has is taken from there.
/// </summary>
internal sealed class GuestBuilder(ImageCache cache, DebianRepository repository, DebianSuite suite, IGuestRunner? runner, IProgress<PullProgress>? progress)
{
    private const string KernelMetaPackage = "linux-image-riscv64", Busybox = "busybox-static";

    private readonly Dictionary<string, Layer> _known = cache.ReadManifests().SelectMany(manifest => manifest.AllLayers)
        .Where(cache.HasBlob).DistinctBy(layer => layer.Key).ToDictionary(layer => layer.Key);

    internal Task<ImageManifest> BuildAsync(GuestImageRequest request, CancellationToken cancel) =>
        request.HasDisk ? BuildDiskAsync(request, cancel) : BuildMemoryAsync(request, cancel);

    /// <summary>The kernel and the initramfs are the default guest's, which hands over to a disk when it is told to.</summary>
    private async Task<ImageManifest> BuildDiskAsync(GuestImageRequest request, CancellationToken cancel)
    {
        if (runner is null) throw new DoppelException(ErrorKind.WrongState, $"'{request.Name}' is built in a guest, and this store was given nothing to run one", "doppel image build debian");
        long size = request.DiskBytes ?? cache.ReadManifest(request.FullName)?.DiskBytes ?? GuestImageRequest.DefaultDiskBytes;
        DiskPlan plan = DiskPlan.Make(suite.Packages, request.Packages, size);
        ImageManifest start = await BuildMemoryAsync(new GuestImageRequest(), cancel).ConfigureAwait(false);
        if (!_known.TryGetValue(plan.Key, out Layer? disk))
        {
            ImageManifest builder = await BuildMemoryAsync(new GuestImageRequest(packages: DiskBuilder.BuilderPackages), cancel).ConfigureAwait(false);
            disk = await new DiskBuilder(cache, repository, suite, runner, progress).BuildAsync(plan, builder, cancel).ConfigureAwait(false);
        }
        return start with
        {
            Name = request.FullName,
            Packages = [.. plan.Packages.Select(package => $"{package.Name} {package.Version}")],
            Disk = disk,
            DiskBytes = size,
        };
    }

    private async Task<ImageManifest> BuildMemoryAsync(GuestImageRequest request, CancellationToken cancel)
    {
        DebianPackage kernel = FindKernel(suite.Packages), busybox = suite.Packages.Get(Busybox);
        IReadOnlyList<DebianPackage> packages = DependencyResolver.Resolve(suite.Packages, request.Packages);

        string kernelKey = "kernel:" + kernel.Sha256, driversKey = $"drivers:{kernel.Sha256}:{DriverSet.Recipe}";
        if (!_known.TryGetValue(kernelKey, out Layer? image) || !_known.TryGetValue(driversKey, out Layer? drivers))
            (image, drivers) = await MakeKernelAsync(kernel, kernelKey, driversKey, cancel).ConfigureAwait(false);
        List<Layer> layers = [drivers, await MakePackagesAsync([busybox], "busybox:1:", aliases: false, cancel).ConfigureAwait(false)];
        if (packages.Count > 0) layers.Add(await MakePackagesAsync(packages, "packages:2:", aliases: true, cancel).ConfigureAwait(false));

        var manifest = new ImageManifest
        {
            Format = ImageManifest.CurrentFormat,
            Name = request.FullName,
            Version = kernel.Version,
            Created = DateTimeOffset.UtcNow,
            Source = suite.Mirror.ToString(),
            SignatureVerified = suite.SignatureVerified,
            Packages = [.. packages.Prepend(busybox).Prepend(kernel).Select(package => $"{package.Name} {package.Version}")],
            Kernel = image,
            Layers = layers,
            Initrd = await JoinAsync(cache, layers, cancel).ConfigureAwait(false),
        };
        foreach (Layer layer in manifest.AllLayers) _known.TryAdd(layer.Key, layer);
        return manifest;
    }

    /// <summary>What an initramfs of these layers is called: it changes with our own layer, too.</summary>
    internal static string InitrdKey(IEnumerable<Layer> layers) => $"initrd:{BaseLayer.Key}:{string.Join(':', layers.Select(layer => layer.Sha256))}";

    /// <summary>Joins our layer and the others; needs no network.</summary>
    internal static Task<Layer> JoinAsync(ImageCache cache, IReadOnlyList<Layer> layers, CancellationToken cancel) =>
        cache.AddBlobAsync(InitrdKey(layers), async (stream, path) =>
        {
            try
            {
                await stream.WriteAsync(BaseLayer.Archive, cancel).ConfigureAwait(false);
                foreach (Layer layer in layers)
                {
                    using FileStream source = File.OpenRead(cache.BlobPath(layer.Sha256));
                    await source.CopyToAsync(stream, cancel).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, path);
            }
        }, cancel);

    // The meta package depends on the kernel of the day.
    private static DebianPackage FindKernel(PackageIndex index)
    {
        PackageRelation? relation = index.Get(KernelMetaPackage).Dependencies.SelectMany(alternatives => alternatives)
            .FirstOrDefault(relation => relation.Name.StartsWith("linux-image-", StringComparison.Ordinal));
        return relation is not null && index.Satisfying(relation).FirstOrDefault() is { } kernel
            ? kernel
            : throw new DoppelException(ErrorKind.NotFound, $"package '{KernelMetaPackage}' names no kernel that the mirror has", "try again later: the mirror may be in the middle of an update");
    }

    private async Task<(Layer Kernel, Layer Drivers)> MakeKernelAsync(DebianPackage package, string kernelKey, string driversKey, CancellationToken cancel)
    {
        return await WithPackageAsync(package, async open =>
        {
            DriverSet drivers = new();
            Layer kernel = await cache.AddBlobAsync(kernelKey, (stream, path) =>
            {
                Written(path, () => new KernelPackage(open, package).Read(stream, drivers, (done, total) => Unpacking(package, done, total)));
                return Task.CompletedTask;
            }, cancel).ConfigureAwait(false);
            Layer layer = await cache.AddBlobAsync(driversKey, (stream, path) =>
            {
                Written(path, () =>
                {
                    CpioWriter archive = new(stream, ModificationTime);
                    drivers.Write(archive);
                    archive.Finish();
                });
                return Task.CompletedTask;
            }, cancel).ConfigureAwait(false);
            return (kernel, layer);
        }, cancel).ConfigureAwait(false);
    }

    private async Task<Layer> MakePackagesAsync(IReadOnlyList<DebianPackage> packages, string kind, bool aliases, CancellationToken cancel)
    {
        string identity = string.Join('\n', packages.Select(package => package.Sha256).Order(StringComparer.Ordinal));
        string key = kind + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(identity)));
        if (_known.TryGetValue(key, out Layer? known)) return known;
        return await cache.AddBlobAsync(key, async (stream, path) =>
        {
            CpioWriter archive = new(stream, ModificationTime);
            PackageLayer layer = new(archive);
            foreach (DebianPackage package in packages)
            {
                await WithPackageAsync(package, open =>
                {
                    Written(path, () =>
                    {
                        using Stream deb = open();
                        layer.Add(deb, package);
                    });
                    return Task.FromResult(true);
                }, cancel).ConfigureAwait(false);
            }
            Written(path, () =>
            {
                if (aliases) layer.WriteAliases();
                archive.Finish();
            });
        }, cancel).ConfigureAwait(false);
    }

    private uint ModificationTime => (uint)Math.Clamp(suite.Release.Date.ToUnixTimeSeconds(), 0, uint.MaxValue);

    // The package is a temporary file only: what was taken out of it is kept.
    private Task<T> WithPackageAsync<T>(DebianPackage package, Func<Func<Stream>, Task<T>> use, CancellationToken cancel) =>
        cache.WithTemporaryAsync(async (stream, path) =>
        {
            await repository.DownloadAsync(suite, package, stream, path, progress, cancel).ConfigureAwait(false);
            try
            {
                await stream.FlushAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, path);
            }
            Unpacking(package, 0, package.Size);
            return await use(() => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16)).ConfigureAwait(false);
        });

    private void Unpacking(DebianPackage package, long done, long total) => progress?.Report(new PullProgress(PullStep.Unpack, $"{package.Name} {package.Version}", done, total));

    private static void Written(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (DiskFault.Is(error))
        {
            throw DiskFault.Explain(error, path);
        }
    }
}
