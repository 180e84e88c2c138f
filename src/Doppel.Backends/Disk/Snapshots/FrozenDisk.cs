using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>What a <see cref="SnapshotDisk"/> held at one moment, never to change again. Keeps the disk open. Thread-safe.</summary>
public sealed class FrozenDisk : IDisposable
{
    private int _disposed;

    internal FrozenDisk(DiskMoment moment)
    {
        Moment = moment;
    }

    /// <summary>The content of a disk that lies in files.</summary>
    /// <param name="length">Bytes.</param>
    /// <param name="layers">Taken over.</param>
    /// <exception cref="ArgumentException">The map is of a disk of another length.</exception>
    public static FrozenDisk Of(long length, DiskMap map, IDiskLayers layers) =>
        map.Count == DiskMap.Clusters(length) ? new FrozenDisk(new StoredDisk(length, map, layers)) : throw new ArgumentException("The map is of a disk of another length.", nameof(map));

    /// <summary>Bytes.</summary>
    public long Length => Moment.Length;

    /// <summary>Where the content comes from.</summary>
    public DiskMap Map => Moment.Map;

    /// <summary>The files that hold this content and never change, the uppermost first; null if the disk is still written in them, or is in none. See <see cref="SnapshotDisk.GoOnIn"/>.</summary>
    public IReadOnlyList<DiskLayer>? Layers => Moment.Layers;

    internal DiskMoment Moment { get; }

    /// <summary>The same content once more, to be disposed on its own.</summary>
    public FrozenDisk Share() => Moment.TryShare() ? new FrozenDisk(Moment) : throw new ObjectDisposedException(nameof(FrozenDisk));

    /// <exception cref="IOException">The host could not read it.</exception>
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        return Moment.ReadAsync(offset, buffer, cancel);
    }

    /// <summary>The first byte at or behind an offset that may be other than zero; the length if there is none.</summary>
    /// <exception cref="IOException">The host could not tell.</exception>
    public ValueTask<long> NextDataAsync(long offset, CancellationToken cancel = default) => Moment.NextDataAsync(offset, cancel);

    /// <summary>Makes an empty file a raw image of the content, if the disk is a raw image on a file system where files can share their storage, and the new one is on the same: that takes no time, and no room.</summary>
    /// <returns>False, and nothing done, if that is not possible.</returns>
    /// <exception cref="IOException">It is, but failed.</exception>
    public ValueTask<bool> TryCloneAsync(SafeFileHandle target, CancellationToken cancel = default) => Moment.TryCloneAsync(target, cancel);

    /// <summary>The content has been stored, under the names that a map of the same content has: the disk, and what is kept of it later, need not be stored again.</summary>
    public void Rename(DiskMap equal) => Moment.Rename(equal);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) Moment.Release();
    }
}
