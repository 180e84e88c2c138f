using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>A disk that is closed when the last one who needs it lets go.</summary>
internal sealed class SharedDisk(IBlockBackend disk)
{
    private int _references = 1;

    public IBlockBackend Disk => disk;

    public SharedDisk Share()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        // Layers close those below them: no thread is to wait for another one that does it.
        if (disk is SynchronousDisk inFiles) inFiles.Close();
        else disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    public ValueTask ReleaseAsync() => Interlocked.Decrement(ref _references) == 0 ? disk.DisposeAsync() : ValueTask.CompletedTask;
}
