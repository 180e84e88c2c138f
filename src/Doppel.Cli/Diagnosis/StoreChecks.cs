using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Images.Store;

namespace Doppel.Cli.Diagnosis;

/// <summary>Looks at the image cache: whether it can be written, whether there is room, what is in it.</summary>
internal static class StoreChecks
{
    /// <summary>The default guest needs less than half of it while it is pulled.</summary>
    private const long EnoughSpace = 1L << 30;

    private static readonly TimeSpan MirrorPatience = TimeSpan.FromSeconds(10);

    public static IEnumerable<Check> Run()
    {
        using var store = new ImageStore();
        yield return Writable(store.Directory);
        yield return Space(store.Directory);
        yield return Guest(store);
    }

    /// <summary>Whether images can be fetched. Only a warning: what is in the cache needs no mirror.</summary>
    public static async Task<Check> MirrorAsync(CancellationToken cancel)
    {
        using var store = new ImageStore();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(MirrorPatience);
        const string Hint = "check the network and the proxy settings (http_proxy)";
        try
        {
            return new("mirror", CheckStatus.Ok, (await store.FindMirrorAsync(limit.Token).ConfigureAwait(false)).ToString());
        }
        catch (DoppelException exception)
        {
            return new("mirror", CheckStatus.Warning, exception.Message, exception.Hint ?? Hint);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new("mirror", CheckStatus.Warning, $"none has answered within {MirrorPatience.TotalSeconds} s", Hint);
        }
    }

    private static Check Writable(string directory)
    {
        string existing = Existing(directory);
        string probe = Path.Combine(existing, $".doppel-doctor-{Environment.ProcessId}");
        try
        {
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
            return new("image cache", CheckStatus.Ok, directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new("image cache", CheckStatus.Failed, $"{existing} cannot be written: {exception.Message}", "DOPPEL_CACHE=DIRECTORY");
        }
    }

    private static Check Space(string directory)
    {
        long free = new DriveInfo(Existing(directory)).AvailableFreeSpace;
        return free >= EnoughSpace
            ? new("disk space", CheckStatus.Ok, $"{MemorySize.Format(free)} free for images")
            : new("disk space", CheckStatus.Warning, $"{MemorySize.Format(free)} free for images", "DOPPEL_CACHE=DIRECTORY on a larger disk");
    }

    private static Check Guest(ImageStore store) => store.Find(new GuestImageRequest()) is { } image
        ? new("default guest", CheckStatus.Ok, $"{image.Name} {image.Version}, {MemorySize.Format(image.SizeBytes)}")
        : new("default guest", CheckStatus.Ok, "not in the cache; the first run fetches it");

    private static string Existing(string directory)
    {
        string path = directory;
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent) path = parent;
        return path;
    }
}
