using Doppel.Core.Errors;
using Doppel.Core.Guests;
using Doppel.Images.Debian;
using Doppel.Images.Guests;
using Doppel.Images.Net;

namespace Doppel.Images.Store;

/// <summary>
/// The guests that this machine has, and where more come from. What is in the cache needs no network. Several processes may use one cache.
/// Failures are <see cref="DoppelException"/>s and leave the cache as it was.
/// </summary>
public sealed class ImageStore : IDisposable
{
    private readonly ImageCache _cache;
    private readonly HttpClient _http;
    private readonly IGuestRunner? _runner;
    private readonly DebianRepository _repository;

    /// <summary>The user's store.</summary>
    /// <param name="directory">Instead of the usual one (DOPPEL_CACHE, XDG_CACHE_HOME/doppel, ~/.cache/doppel).</param>
    /// <param name="runner">Runs the guests in which images with a disk are built; not needed for others, nor for what is in the cache.</param>
    public ImageStore(string? directory = null, IGuestRunner? runner = null)
        : this(new ImageCache(directory ?? ImageCache.DefaultRoot(Environment.GetEnvironmentVariable)), DefaultHandler(), AptSources.Mirrors(), ReleaseSignature.FromHost(), new DownloadPatience(), runner)
    {
    }

    internal ImageStore(ImageCache cache, HttpMessageHandler handler, IReadOnlyList<Uri> mirrors, ReleaseSignature signature, DownloadPatience patience, IGuestRunner? runner = null)
    {
        _runner = runner;
        _cache = cache;
        // A download takes as long as it takes: silence is what is limited, in Downloader.
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("doppel/" + typeof(ImageStore).Assembly.GetName().Version!.ToString(3));
        _repository = new DebianRepository(new Downloader(_http, patience), mirrors, signature, cache);
    }

    public static IReadOnlyList<string> KnownImages { get; } = [GuestImageRequest.DefaultName, GuestImageRequest.DebianName];

    /// <summary>Where everything is kept.</summary>
    public string Directory => _cache.Root;

    public IReadOnlyList<GuestImage> List() => [.. _cache.ReadManifests().Where(IsWhole).Select(ToImage)];

    /// <summary>The image if it is in the cache.</summary>
    public GuestImage? Find(GuestImageRequest request) => _cache.ReadManifest(request.FullName) is { } manifest && IsWhole(manifest) ? ToImage(manifest) : null;

    /// <summary>The image from the cache, whatever its age; pulled if it is not there.</summary>
    public async Task<GuestImage> GetAsync(GuestImageRequest request, IProgress<PullProgress>? progress = null, CancellationToken cancel = default)
    {
        if (Usable(request) is { } ready) return ToImage(ready);
        using IDisposable held = await LockAsync(progress, cancel).ConfigureAwait(false);
        if (Usable(request) is { } since) return ToImage(since);
        if (_cache.ReadManifest(request.FullName) is not { } old || !old.Layers.Append(old.Kernel).All(_cache.HasBlob)) return await PullLockedAsync(request, progress, cancel).ConfigureAwait(false);
        try
        {
            // Made by a version of this program that took other drivers out of the kernel's package, which is not kept.
            if (!HasDrivers(old)) return await PullLockedAsync(request, progress, cancel).ConfigureAwait(false);
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Unreachable)
        {
            // Better a guest that lacks a driver than none.
        }

        // Made by another version of this program: the same layers with our part as it is now.
        return await StoreAsync(old with { Initrd = await GuestBuilder.JoinAsync(_cache, old.Layers, cancel).ConfigureAwait(false) }).ConfigureAwait(false);
    }

    /// <summary>Brings the image up to the mirror's state, or into the cache. Gives what is there already if that is current.</summary>
    public async Task<GuestImage> PullAsync(GuestImageRequest request, IProgress<PullProgress>? progress = null, CancellationToken cancel = default)
    {
        using IDisposable held = await LockAsync(progress, cancel).ConfigureAwait(false);
        return await PullLockedAsync(request, progress, cancel).ConfigureAwait(false);
    }

    /// <summary>The mirror from which images would be pulled now; asks it, and changes nothing.</summary>
    /// <exception cref="DoppelException">None can be reached.</exception>
    /// <exception cref="OperationCanceledException">None has answered until <paramref name="cancel"/>.</exception>
    public Task<Uri> FindMirrorAsync(CancellationToken cancel = default) => _repository.FindMirrorAsync(cancel);

    /// <summary>Deletes an image, and what no other image needs.</summary>
    public async Task RemoveAsync(string name, CancellationToken cancel = default)
    {
        using IDisposable held = await LockAsync(null, cancel).ConfigureAwait(false);
        try
        {
            if (!_cache.DeleteManifest(name))
                throw new DoppelException(ErrorKind.NotFound, $"there is no image '{name}' in {Directory}", "doppel image ls shows what there is");
            CollectGarbage();
        }
        catch (Exception error) when (DiskFault.Is(error))
        {
            throw DiskFault.Explain(error, Directory);
        }
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler DefaultHandler() => new() { ConnectTimeout = TimeSpan.FromSeconds(15) };

    private async Task<GuestImage> PullLockedAsync(GuestImageRequest request, IProgress<PullProgress>? progress, CancellationToken cancel)
    {
        try
        {
            DebianSuite suite = await _repository.OpenAsync(progress, cancel).ConfigureAwait(false);
            ImageManifest? old = _cache.ReadManifest(request.FullName);
            ImageManifest built = await new GuestBuilder(_cache, _repository, suite, _runner, progress).BuildAsync(request, cancel).ConfigureAwait(false);
            // Nothing new: the image keeps its age.
            if (old is not null && old.Kernel == built.Kernel && old.Initrd == built.Initrd && old.Disk == built.Disk) built = built with { Created = old.Created };
            return await StoreAsync(built).ConfigureAwait(false);
        }
        catch
        {
            CollectGarbage();
            throw;
        }
    }

    private async Task<GuestImage> StoreAsync(ImageManifest manifest)
    {
        await _cache.WriteManifestAsync(manifest).ConfigureAwait(false);
        CollectGarbage();
        return ToImage(manifest);
    }

    // The newest index stays as long as there is an image: it is what the next pull compares with.
    private void CollectGarbage()
    {
        bool any = _cache.ReadManifests().Count > 0;
        _cache.CollectGarbage(any && _repository.ReadState() is { } state ? [state.Packages.Sha256] : []);
    }

    private Task<IDisposable> LockAsync(IProgress<PullProgress>? progress, CancellationToken cancel) =>
        _cache.LockAsync(() => progress?.Report(new PullProgress(PullStep.Waiting, "another process is using the image cache")), cancel);

    private ImageManifest? Usable(GuestImageRequest request) =>
        _cache.ReadManifest(request.FullName) is { } manifest && IsWhole(manifest) && manifest.Initrd.Key == GuestBuilder.InitrdKey(manifest.Layers) && HasDrivers(manifest) ? manifest : null;

    private static bool HasDrivers(ImageManifest manifest) => manifest.Layers.Any(layer => layer.Key.EndsWith(':' + DriverSet.Recipe, StringComparison.Ordinal));

    private bool IsWhole(ImageManifest manifest) => manifest.AllLayers.All(_cache.HasBlob);

    private GuestImage ToImage(ImageManifest manifest) => new()
    {
        Name = manifest.Name,
        Version = manifest.Version,
        KernelPath = _cache.BlobPath(manifest.Kernel.Sha256),
        DiskPath = manifest.Disk is { } disk ? _cache.BlobPath(disk.Sha256) : null,
        DiskBytes = manifest.DiskBytes,
        InitrdPath = _cache.BlobPath(manifest.Initrd.Sha256),
        SizeBytes = manifest.AllLayers.DistinctBy(layer => layer.Sha256).Sum(layer => layer.Size),
        Created = manifest.Created,
        Source = manifest.Source,
        SignatureVerified = manifest.SignatureVerified,
        Packages = manifest.Packages,
    };
}
