using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Reads through the tables: data straight from the file, the rest from below, unpacked, or zeroes.</summary>
internal sealed class ClusterReader(Qcow2Image image)
{
    private readonly CompressedClusters _compressed = new(image);

    /// <summary>Within a request.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            Piece piece = ClusterLookup.Find(image, offset, buffer.Length);
            Span<byte> part = buffer[..(int)piece.Length];
            switch (piece.Kind)
            {
                case BlockExtentKind.Data:
                    // What lies beyond the end of the file was allocated there and not yet written.
                    image.Store.Read(piece.Host, part);
                    break;
                case BlockExtentKind.Compressed:
                    _compressed.Read(piece.Entry, (int)(offset & (image.Header.ClusterSize - 1)), part);
                    break;
                case BlockExtentKind.Unallocated when image.Backing is { } backing:
                    backing.ReadPadded(offset, part);
                    break;
                default:
                    part.Clear();
                    break;
            }

            buffer = buffer[part.Length..];
            offset += part.Length;
        }
    }

    /// <summary>Whether a range is known to read as zeroes, without looking at data.</summary>
    public bool IsZero(long offset, long length)
    {
        while (length > 0)
        {
            Piece piece = ClusterLookup.Find(image, offset, length);
            bool below = piece.Kind == BlockExtentKind.Unallocated && image.Backing is { } backing && offset < backing.Length;
            if (piece.Kind is BlockExtentKind.Data or BlockExtentKind.Compressed || below) return false;
            offset += piece.Length;
            length -= piece.Length;
        }

        return true;
    }

    /// <summary>What is stored at the offset, this layer counted as 0.</summary>
    public BlockExtent Map(long offset, long length)
    {
        Piece piece = ClusterLookup.Find(image, offset, length);
        switch (piece.Kind)
        {
            case BlockExtentKind.Data:
                return new BlockExtent(piece.Length, piece.Kind, 0, piece.Host);
            case BlockExtentKind.Unallocated when image.Backing is { } backing:
                // What is above the end of a shorter layer is nowhere.
                if (offset >= backing.Length) return new BlockExtent(piece.Length, BlockExtentKind.Unallocated);
                BlockExtent below = backing.Map(offset, Math.Min(piece.Length, backing.Length - offset));
                return below with { Layer = below.Layer + 1 };
            case BlockExtentKind.Unallocated or BlockExtentKind.Zero:
                // Tables end where the piece need not.
                long all = piece.Length;
                while (all < length && ClusterLookup.Find(image, offset + all, length - all) is var next && next.Kind == piece.Kind) all += next.Length;
                return new BlockExtent(all, piece.Kind);
            default:
                return new BlockExtent(piece.Length, piece.Kind);
        }
    }
}
