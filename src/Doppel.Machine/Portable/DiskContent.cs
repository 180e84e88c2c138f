using Doppel.Core.Backends;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>A disk as content, as the guest sees it: layers, formats and compression of its files are not part of it. A disk that is to be written begins empty.</summary>
internal sealed class DiskContent(IBlockBackend disk) : IContentSource, IContentTarget
{
    private const int Page = 4096;

    /// <summary>Up to where data is known to go on.</summary>
    private long _data;

    public long Length => disk.Length;

    public bool CanRead => true;

    public async ValueTask<long> NextDataAsync(long offset, CancellationToken cancel)
    {
        while (offset >= _data && offset < disk.Length)
        {
            BlockExtent extent = await disk.MapAsync(offset, disk.Length - offset, cancel).ConfigureAwait(false);
            if (extent.Kind is BlockExtentKind.Data or BlockExtentKind.Compressed) _data = offset + extent.Length;
            else offset += extent.Length;
        }

        return offset;
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel) => disk.ReadAsync(offset, buffer, cancel);

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        foreach (Range run in DataRuns.Of(content.Span, Math.Max(disk.AllocationSize, Page))) await disk.WriteAsync(offset + run.Start.Value, content[run], cancel).ConfigureAwait(false);
    }
}
