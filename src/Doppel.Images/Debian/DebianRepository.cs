using System.Text;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Images.Net;
using Doppel.Images.Store;
using Doppel.Images.Xz;

namespace Doppel.Images.Debian;

/// <summary>The newest index that this cache has seen: an older one is not taken, and the same one is not fetched twice.</summary>
internal sealed record IndexState(DateTimeOffset Date, Layer Packages);

/// <summary>A suite as one mirror has it now.</summary>
internal sealed record DebianSuite(Uri Mirror, ReleaseFile Release, bool SignatureVerified, PackageIndex Packages, IndexState State);

/// <summary>Debian's archive, by the mirrors of this machine: Release → Packages → packages, each verified by the one before.</summary>
internal sealed class DebianRepository(Downloader downloader, IReadOnlyList<Uri> mirrors, ReleaseSignature signature, ImageCache cache)
{
    internal const string Codename = "trixie";
    private const string IndexFile = "main/binary-riscv64/Packages.xz";
    private const int ReleaseLimit = 4 << 20;

    /// <summary>Opens the suite at the first mirror that has it. The lock of the cache is held.</summary>
    internal async Task<DebianSuite> OpenAsync(IProgress<PullProgress>? progress, CancellationToken cancel)
    {
        List<DoppelException> failures = [];
        foreach (Uri mirror in mirrors)
        {
            try
            {
                return await OpenAsync(mirror, progress, cancel).ConfigureAwait(false);
            }
            catch (DoppelException error) when (error.Kind is ErrorKind.Unreachable or ErrorKind.NotFound or ErrorKind.WrongState)
            {
                failures.Add(error);
            }
        }
        if (failures.Count == 1) throw failures[0];
        string all = string.Concat(failures.Select(failure => "\n  " + failure.Message));
        throw new DoppelException(ErrorKind.Unreachable, "none of the Debian mirrors can be used:" + all, failures[0].Hint, failures[0]);
    }

    /// <summary>Asks the mirrors, one after the other, whether they have the release; changes nothing.</summary>
    /// <returns>The first that does.</returns>
    /// <exception cref="DoppelException">None does.</exception>
    internal async Task<Uri> FindMirrorAsync(CancellationToken cancel)
    {
        DoppelException? failure = null;
        foreach (Uri mirror in mirrors)
        {
            try
            {
                await downloader.GetAsync(new Uri(mirror, $"dists/{Codename}/InRelease"), ReleaseLimit, cancel).ConfigureAwait(false);
                return mirror;
            }
            catch (DoppelException error)
            {
                failure ??= error;
            }
        }

        throw failure ?? new DoppelException(ErrorKind.Unreachable, "there is no mirror to ask");
    }

    /// <summary>Downloads a package into a file and verifies it.</summary>
    internal Task DownloadAsync(DebianSuite suite, DebianPackage package, Stream target, string path, IProgress<PullProgress>? progress, CancellationToken cancel) =>
        downloader.DownloadAsync(new Uri(suite.Mirror, EscapePath(package.Path)), target, path, package.Size, package.Sha256,
            done => progress?.Report(new PullProgress(PullStep.Download, $"{package.Name} {package.Version}", done, package.Size)), cancel);

    private async Task<DebianSuite> OpenAsync(Uri mirror, IProgress<PullProgress>? progress, CancellationToken cancel)
    {
        Uri dists = new(mirror, $"dists/{Codename}/");
        Uri inRelease = new(dists, "InRelease");
        progress?.Report(new PullProgress(PullStep.Index, inRelease.ToString()));
        byte[] bytes = await downloader.GetAsync(inRelease, ReleaseLimit, cancel).ConfigureAwait(false);
        SignatureResult signed = await cache.WithTemporaryAsync((_, path) => signature.VerifyAsync(bytes, path, cancel)).ConfigureAwait(false);
        if (!signed.Verified)
            progress?.Report(new PullProgress(PullStep.Warning, $"the signature of {inRelease} was not verified, its checksums alone are: {signed.WhyNot}"));

        ReleaseFile release = Parse(inRelease, () => ReleaseFile.Parse(signed.Text));
        if (release.Codename != Codename) throw new DoppelException(ErrorKind.Corrupt, $"{inRelease} is of '{release.Codename}', not of '{Codename}'");
        if (release[IndexFile] is not { } expected)
            throw new DoppelException(ErrorKind.NotFound, $"the mirror {mirror} has no packages for riscv64", "use a complete mirror of Debian");
        IndexState? seen = ReadState();
        if (seen is not null && release.Date < seen.Date)
            throw new DoppelException(ErrorKind.WrongState, $"the mirror {mirror} is out of date: its index is of {release.Date:u}, one of {seen.Date:u} has been seen before", "try again later, or use another mirror");

        Layer packages = seen?.Packages.Sha256 == expected.Sha256 && cache.HasBlob(seen.Packages)
            ? seen.Packages
            : await FetchIndexAsync(dists, release, expected, progress, cancel).ConfigureAwait(false);
        progress?.Report(new PullProgress(PullStep.Index, "reading the list of packages"));
        PackageIndex index = Parse(new Uri(dists, IndexFile), () =>
        {
            using XzStream stream = new(File.OpenRead(cache.BlobPath(packages.Sha256)));
            return PackageIndex.Parse(stream);
        });
        IndexState state = new(release.Date, packages);
        await cache.WriteAsync(cache.IndexStatePath, JsonSerializer.SerializeToUtf8Bytes(state, StoreJson.Default.IndexState)).ConfigureAwait(false);
        return new DebianSuite(mirror, release, signed.Verified, index, state);
    }

    // By its hash where the mirror has that: then an update of the mirror between two requests does no harm.
    private async Task<Layer> FetchIndexAsync(Uri dists, ReleaseFile release, (string Sha256, long Size) expected, IProgress<PullProgress>? progress, CancellationToken cancel)
    {
        Uri plain = new(dists, IndexFile);
        Uri byHash = new(plain, $"by-hash/SHA256/{expected.Sha256}");
        return await cache.AddBlobAsync("index", async (stream, path) =>
        {
            if (release.AcquireByHash)
            {
                try
                {
                    await Fetch(byHash, stream, path).ConfigureAwait(false);
                    return;
                }
                catch (DoppelException error) when (error.Kind == ErrorKind.NotFound)
                {
                    stream.SetLength(0);
                }
            }
            await Fetch(plain, stream, path).ConfigureAwait(false);
        }, cancel).ConfigureAwait(false);

        Task Fetch(Uri uri, Stream stream, string path) => downloader.DownloadAsync(uri, stream, path, expected.Size, expected.Sha256,
            done => progress?.Report(new PullProgress(PullStep.Index, $"list of packages of Debian {release.Version}", done, expected.Size)), cancel);
    }

    internal IndexState? ReadState()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(cache.IndexStatePath), StoreJson.Default.IndexState);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // Not there, or damaged: it is fetched anew.
            return null;
        }
    }

    private static T Parse<T>(Uri source, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception error) when (error is InvalidDataException or DecoderFallbackException)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"{source} is damaged: {error.Message}", "try again; if it stays so, the mirror's or a proxy's copy is bad", error);
        }
    }

    // Versions hold '+', ':' and '~', which are fine in a path but for '%'.
    private static string EscapePath(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
