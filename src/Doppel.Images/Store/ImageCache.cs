using System.Security.Cryptography;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Images.Net;

namespace Doppel.Images.Store;

/// <summary>
/// The directory of the cache: blobs by SHA-256, manifests by name, temporary files. A file appears under its name only when it is whole and
/// on the disk. Whoever changes anything holds the lock, so everything in tmp/ is left over from a process that died.
/// </summary>
internal sealed class ImageCache
{
    private readonly Func<string, Stream> _create;

    /// <param name="root">The directory; made when first needed.</param>
    /// <param name="create">Makes a new file; tests put in disks that are full.</param>
    internal ImageCache(string root, Func<string, Stream>? create = null)
    {
        Root = Path.GetFullPath(root);
        _create = create ?? (path => new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 1 << 16));
    }

    internal string Root { get; }

    internal string IndexStatePath => Path.Combine(Root, "index.json");

    /// <summary>What the last guest said that built an image.</summary>
    internal string BuildLogPath => Path.Combine(Root, "build.log");

    private string Blobs => Path.Combine(Root, "blobs", "sha256");

    private string Manifests => Path.Combine(Root, "images");

    private string Temporary => Path.Combine(Root, "tmp");

    /// <summary>DOPPEL_CACHE, or doppel in XDG_CACHE_HOME, or in the system's usual place for caches.</summary>
    internal static string DefaultRoot(Func<string, string?> environment)
    {
        if (environment("DOPPEL_CACHE") is { Length: > 0 } own) return own;
        // The XDG Base Directory Specification: relative paths are to be ignored.
        if (environment("XDG_CACHE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg)) return Path.Combine(xdg, "doppel");
        if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "doppel", "cache");
        string home = environment("HOME") is { Length: > 0 } value ? value : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (home.Length == 0) throw new DoppelException(ErrorKind.Failed, "there is no place for the image cache: HOME is not set", "set DOPPEL_CACHE to a directory");
        return Path.Combine(home, ".cache", "doppel");
    }

    internal string BlobPath(string sha256) => Path.Combine(Blobs, sha256);

    internal bool HasBlob(Layer layer) => new FileInfo(BlobPath(layer.Sha256)) is { Exists: true } file && file.Length == layer.Size;

    /// <summary>Waits for the lock of the cache, which other processes respect as well.</summary>
    internal async Task<IDisposable> LockAsync(Action waiting, CancellationToken cancel)
    {
        string path = Path.Combine(Root, "lock");
        for (bool first = true; ; first = false)
        {
            try
            {
                foreach (string directory in (string[])[Root, Blobs, Manifests, Temporary]) Directory.CreateDirectory(directory);
                // FileShare.None is an advisory lock (flock) on Unix; the file stays.
                FileStream held = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                foreach (string stale in Directory.EnumerateFiles(Temporary)) File.Delete(stale);
                foreach (string stale in Directory.EnumerateDirectories(Temporary)) Directory.Delete(stale, recursive: true);
                return held;
            }
            catch (IOException error) when (IsHeld(error))
            {
                if (first) waiting();
                await Task.Delay(100, cancel).ConfigureAwait(false);
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, Root);
            }
        }
    }

    /// <summary>Fills a new file by <paramref name="write"/>, puts it in its place, and gives its hash and size. A failure leaves nothing.</summary>
    internal async Task<Layer> AddBlobAsync(string key, Func<Stream, string, Task> write, CancellationToken cancel)
    {
        return await WithTemporaryAsync(async (stream, path) =>
        {
            await write(stream, path).ConfigureAwait(false);
            try
            {
                stream.Flush();
                stream.Position = 0;
                string sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel).ConfigureAwait(false));
                Layer layer = new(key, sha256, stream.Length);
                Commit(stream, path, BlobPath(sha256));
                return layer;
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, path);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Takes a finished file of a temporary folder into its place. A failure leaves it where it is.</summary>
    internal async Task<Layer> AdoptBlobAsync(string key, string path, CancellationToken cancel)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, 1 << 20);
            string sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel).ConfigureAwait(false));
            Layer layer = new(key, sha256, stream.Length);
            Commit(stream, path, BlobPath(sha256));
            return layer;
        }
        catch (Exception error) when (DiskFault.Is(error))
        {
            throw DiskFault.Explain(error, path);
        }
    }

    /// <summary>A new folder for temporary files; the caller deletes it.</summary>
    internal string TemporaryFolder()
    {
        string path = Path.Combine(Temporary, Guid.NewGuid().ToString("n"));
        return DiskFault.Guard(path, () => Directory.CreateDirectory(path).FullName);
    }

    /// <summary>A new temporary file that is gone afterwards, unless it was committed.</summary>
    internal async Task<T> WithTemporaryAsync<T>(Func<Stream, string, Task<T>> use)
    {
        string path = Path.Combine(Temporary, Guid.NewGuid().ToString("n"));
        Stream stream;
        try
        {
            stream = _create(path);
        }
        catch (Exception error) when (DiskFault.Is(error))
        {
            throw DiskFault.Explain(error, path);
        }
        try
        {
            return await use(stream, path).ConfigureAwait(false);
        }
        finally
        {
            try
            {
                // A full disk makes Dispose fail too, when it writes what is buffered; the error that matters is already on its way.
                await stream.DisposeAsync().ConfigureAwait(false);
            }
            catch (IOException)
            {
            }
            File.Delete(path);
        }
    }

    /// <summary>Writes a small file as a whole or not at all.</summary>
    internal async Task WriteAsync(string path, ReadOnlyMemory<byte> content) =>
        await WithTemporaryAsync((stream, temporary) =>
        {
            try
            {
                stream.Write(content.Span);
                Commit(stream, temporary, path);
                return Task.FromResult(true);
            }
            catch (Exception error) when (DiskFault.Is(error))
            {
                throw DiskFault.Explain(error, path);
            }
        }).ConfigureAwait(false);

    internal ImageManifest? ReadManifest(string name) => ReadManifestFile(ManifestPath(name));

    internal IReadOnlyList<ImageManifest> ReadManifests() =>
        Directory.Exists(Manifests)
            ? [.. Directory.EnumerateFiles(Manifests, "*.json").Select(ReadManifestFile).OfType<ImageManifest>().OrderBy(manifest => manifest.Name, StringComparer.Ordinal)]
            : [];

    internal Task WriteManifestAsync(ImageManifest manifest) =>
        WriteAsync(ManifestPath(manifest.Name), JsonSerializer.SerializeToUtf8Bytes(manifest, StoreJson.Default.ImageManifest));

    internal bool DeleteManifest(string name)
    {
        string path = ManifestPath(name);
        if (!File.Exists(path)) return false;
        File.Delete(path);
        return true;
    }

    /// <summary>Deletes the blobs that nothing refers to any more.</summary>
    internal void CollectGarbage(IEnumerable<string> keep)
    {
        HashSet<string> live = [.. ReadManifests().SelectMany(manifest => manifest.AllLayers).Select(layer => layer.Sha256), .. keep];
        foreach (string blob in Directory.EnumerateFiles(Blobs))
            if (!live.Contains(Path.GetFileName(blob))) File.Delete(blob);
    }

    // A name may hold characters that file names cannot, and be longer: the file's name is a hash, its content says the rest.
    private string ManifestPath(string name) => Path.Combine(Manifests, Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..32] + ".json");

    private static ImageManifest? ReadManifestFile(string path)
    {
        try
        {
            return ManifestReader.Read(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // Of another version of the program, or damaged: as good as not there, a pull makes it anew.
            return null;
        }
    }

    private static void Commit(Stream stream, string from, string to)
    {
        if (stream is FileStream file) file.Flush(flushToDisk: true);
        else stream.Flush();
        File.Move(from, to, overwrite: true);
    }

    // EWOULDBLOCK of flock(2) on Linux (11) and macOS (35); ERROR_SHARING_VIOLATION on Windows.
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x8007_0020);
}
