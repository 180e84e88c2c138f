using Doppel.Core.Errors;

namespace Doppel.Machine.Named.Forks;

/// <summary>The state of a running machine, kept for children that other processes become, until it is disposed of.</summary>
internal sealed class ForkSource : IDisposable
{
    /// <summary>The folder in the machine's own in which forks are made.</summary>
    public const string Place = "forks";

    private readonly VmSnapshot _snapshot;
    private readonly CollectorPause _undisturbed;

    private ForkSource(VmSnapshot snapshot, ForkFolder folder, CollectorPause undisturbed)
    {
        _snapshot = snapshot;
        _undisturbed = undisturbed;
        Folder = folder;
    }

    public ForkFolder Folder { get; }

    /// <summary>Deletes what a process has left that was killed meanwhile. While no other process has the machine.</summary>
    public static void Sweep(string parent)
    {
        if (Directory.Exists(parent)) Directory.Delete(parent, recursive: true);
    }

    /// <param name="name">Of the machine.</param>
    /// <param name="disks">Keep the machine's state.</param>
    /// <param name="parent">The folder in which forks are made.</param>
    /// <param name="progress">How much of the disks has been copied, from 0 to 1.</param>
    /// <exception cref="DoppelException">The machine has ended, or the host has no room.</exception>
    public static async Task<ForkSource> CreateAsync(string name, ForkDisks disks, string parent, IProgress<double> progress, CancellationToken cancel)
    {
        try
        {
            return await CreateAsync(disks, parent, progress, cancel).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            throw new DoppelException(ErrorKind.InsufficientResources, $"{name}: cannot be forked: {exception.Message.TrimEnd('.')}", "free some memory, or some space for its disks", exception);
        }
    }

    public void Dispose()
    {
        Folder.Delete();
        _snapshot.Dispose();
        _undisturbed.Dispose();
    }

    private static async Task<ForkSource> CreateAsync(ForkDisks disks, string parent, IProgress<double> progress, CancellationToken cancel)
    {
        // Until the children run: they are started beside the machine, which has enough to wait for.
        var undisturbed = new CollectorPause();
        var folder = new ForkFolder(Path.Combine(parent, Guid.NewGuid().ToString("n")));
        VmSnapshot? snapshot = null;
        try
        {
            Directory.CreateDirectory(folder.Path);
            snapshot = await disks.KeepAsync(folder.Disks, progress, cancel).ConfigureAwait(false);
            await folder.WriteAsync(snapshot, progress, cancel).ConfigureAwait(false);
            return new ForkSource(snapshot, folder, undisturbed);
        }
        catch
        {
            folder.Delete();
            snapshot?.Dispose();
            undisturbed.Dispose();
            throw;
        }
    }
}
