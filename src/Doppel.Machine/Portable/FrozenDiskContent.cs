using Doppel.Backends.Disk.Snapshots;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>A disk at a moment as content.</summary>
/// <param name="disk">Remains the caller's.</param>
internal sealed class FrozenDiskContent(FrozenDisk disk) : IContentSource
{
    public long Length => disk.Length;

    public ValueTask<long> NextDataAsync(long offset, CancellationToken cancel) => disk.NextDataAsync(offset, cancel);

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel) => disk.ReadAsync(offset, buffer, cancel);
}
