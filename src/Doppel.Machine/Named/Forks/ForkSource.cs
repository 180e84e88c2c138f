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

    /// <param name="parent">The folder in which forks are made.</param>
    /// <param name="progress">How much of the disks has been copied, from 0 to 1.</param>
    /// <exception cref="Core.Errors.DoppelException">The machine has ended, or the host has no room.</exception>
    public static async Task<ForkSource> CreateAsync(VirtualMachine machine, string parent, IProgress<double> progress, CancellationToken cancel)
    {
        // Until the children run: they are started beside the machine, which has enough to wait for.
        var undisturbed = new CollectorPause();
        ForkSource source;
        try
        {
            VmSnapshot snapshot = await machine.SnapshotAsync().ConfigureAwait(false);
            source = new ForkSource(snapshot, new ForkFolder(Path.Combine(parent, Guid.NewGuid().ToString("n"))), undisturbed);
        }
        catch
        {
            undisturbed.Dispose();
            throw;
        }

        try
        {
            await source.Folder.WriteAsync(source._snapshot, progress, cancel).ConfigureAwait(false);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Folder.Delete();
        _snapshot.Dispose();
        _undisturbed.Dispose();
    }
}
