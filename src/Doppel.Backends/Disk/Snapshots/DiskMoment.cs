using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>The content of a disk at one moment, shared by counting references. Thread-safe.</summary>
internal abstract class DiskMoment
{
    private int _references = 1;

    /// <summary>Bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Where the content comes from.</summary>
    public abstract DiskMap Map { get; }

    /// <summary>The files that hold this content and never change, the uppermost first; null if there are none.</summary>
    public virtual IReadOnlyList<DiskLayer>? Layers => null;

    /// <summary>Makes an empty file a raw image of the content that shares its storage with the disk's file, copy-on-write. False, and nothing done, where that is not possible.</summary>
    public virtual ValueTask<bool> TryCloneAsync(SafeFileHandle target, CancellationToken cancel) => ValueTask.FromResult(false);

    /// <returns>False if nobody needs it any more.</returns>
    public bool TryShare()
    {
        int references = Volatile.Read(ref _references);
        while (references > 0)
        {
            int seen = Interlocked.CompareExchange(ref _references, references + 1, references);
            if (seen == references) return true;
            references = seen;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) Free();
    }

    public abstract ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel);

    /// <summary>The first byte at or behind an offset that may be other than zero; the length if there is none.</summary>
    public abstract ValueTask<long> NextDataAsync(long offset, CancellationToken cancel);

    /// <summary>Other names are known for where the content comes from.</summary>
    public virtual void Rename(DiskMap equal)
    {
    }

    /// <summary>Nobody needs it any more.</summary>
    protected abstract void Free();
}
