namespace Doppel.Backends.Disk.Snapshots;

/// <summary>What a <see cref="SnapshotDisk"/> held at one moment, never to change again. Keeps the disk open. Thread-safe.</summary>
public sealed class FrozenDisk : IDisposable
{
    private int _disposed;

    internal FrozenDisk(DiskEpoch epoch)
    {
        Epoch = epoch;
    }

    /// <summary>Bytes.</summary>
    public long Length => Epoch.Length;

    internal DiskEpoch Epoch { get; }

    /// <summary>The same content once more, to be disposed on its own.</summary>
    public FrozenDisk Share() => Epoch.TryShare() ? new FrozenDisk(Epoch) : throw new ObjectDisposedException(nameof(FrozenDisk));

    /// <exception cref="IOException">The host could not read it.</exception>
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        return Epoch.ReadAsync(offset, buffer, cancel);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Epoch.Release();
    }
}
