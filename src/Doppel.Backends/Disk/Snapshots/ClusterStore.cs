using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>
/// Some clusters of a disk, in a sparse temporary file at the offsets that they have on the disk. The file has no name that outlives this process. Thread-safe;
/// who fills a cluster keeps others from doing so at the same time.
/// </summary>
internal sealed class ClusterStore : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int ClusterSize = 64 << 10;

    private readonly long _length;
    private readonly ulong[] _present;
    private readonly Lazy<SafeFileHandle> _file = new(Open);

    /// <param name="length">Of the disk, in bytes; the last cluster may be shorter than the others.</param>
    public ClusterStore(long length)
    {
        _length = length;
        Count = (length + ClusterSize - 1) / ClusterSize;
        _present = new ulong[(Count + 63) / 64];
    }

    /// <summary>How many clusters the disk has.</summary>
    public long Count { get; }

    /// <summary>The cluster of a byte.</summary>
    public static long ClusterOf(long offset) => offset / ClusterSize;

    /// <summary>Where a cluster begins and how long it is, in bytes.</summary>
    public (long Offset, int Length) Range(long cluster) => (cluster * ClusterSize, (int)Math.Min(ClusterSize, _length - cluster * ClusterSize));

    /// <summary>Whether the cluster is here. Once it is, so are its bytes.</summary>
    public bool Has(long cluster) => (Volatile.Read(ref _present[cluster / 64]) >> (int)(cluster % 64) & 1) != 0;

    /// <summary>All bytes of the cluster have been written.</summary>
    public void Add(long cluster) => Interlocked.Or(ref _present[cluster / 64], 1UL << (int)(cluster % 64));

    /// <summary>The cluster counts as not being here. Its bytes can still be read by those who asked before.</summary>
    public void Remove(long cluster) => Interlocked.And(ref _present[cluster / 64], ~(1UL << (int)(cluster % 64)));

    public IEnumerable<long> Present()
    {
        for (long cluster = 0; cluster < Count; cluster++)
        {
            if (_present[cluster / 64] == 0) cluster |= 63;
            else if (Has(cluster)) yield return cluster;
        }
    }

    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int read = RandomAccess.Read(_file.Value, buffer, offset);
            // Zeroes at the end of the disk may never have been written.
            if (read == 0) buffer.Clear();
            buffer = read == 0 ? default : buffer[read..];
            offset += read;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> data) => RandomAccess.Write(_file.Value, data, offset);

    /// <summary>Makes a range read as zeroes.</summary>
    public void Clear(long offset, int length)
    {
        if (!FileRange.TryPunchHole(_file.Value, offset, length)) Write(offset, new byte[length]);
    }

    public void Dispose()
    {
        if (_file.IsValueCreated) _file.Value.Dispose();
    }

    private static SafeFileHandle Open() => File.OpenHandle(
        Path.Combine(Path.GetTempPath(), $"doppel-{Guid.NewGuid():n}.clusters"),
        FileMode.CreateNew,
        FileAccess.ReadWrite,
        FileShare.None,
        FileOptions.DeleteOnClose);
}
