using System.Buffers;
using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Operations;

/// <summary>The data of a disk, piece by piece, with what reads as zeroes left out.</summary>
internal static class DiskContents
{
    /// <summary>Most bytes of a piece.</summary>
    public const int Piece = 2 << 20;

    /// <summary>Calls for each piece that is not known to be zeroes, in order. Pieces begin and end at multiples of a unit, or at the end of the disk.</summary>
    /// <param name="unit">Bytes; a power of two of at most <see cref="Piece"/>.</param>
    /// <param name="take">Gets the place and the bytes, which it may keep until it returns.</param>
    public static void Read(SynchronousDisk disk, int unit, Action<long, Memory<byte>> take, Action<long> passed, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Piece);
        long end = disk.Length;
        try
        {
            for (long at = 0; at < end; passed(at))
            {
                cancel.ThrowIfCancellationRequested();
                long zeroes = Zeroes(disk, at, end);
                if (zeroes == end || zeroes - at >= unit)
                {
                    at = zeroes == end ? end : zeroes / unit * unit;
                    continue;
                }

                long to = at;
                do to = Math.Min(end, (to / unit + 1) * unit);
                while (to < end && to - at + unit <= Piece && Zeroes(disk, to, end) - to < unit);
                Memory<byte> piece = buffer.AsMemory(0, (int)(to - at));
                disk.Read(at, piece.Span);
                take(at, piece);
                at = to;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The end of the zeroes that are known to begin there; the place itself if there are none.</summary>
    public static long Zeroes(SynchronousDisk disk, long at, long end)
    {
        if (at >= disk.Length) return end;
        BlockExtent extent = disk.Map(at, disk.Length - at);
        return extent.Kind is BlockExtentKind.Zero or BlockExtentKind.Unallocated ? at + extent.Length : at;
    }

    /// <summary>Splits bytes into runs of blocks that are zeroes and others.</summary>
    public static IEnumerable<(int Offset, int Length, bool IsZero)> Runs(ReadOnlyMemory<byte> bytes, int block)
    {
        int start = 0;
        bool startIsZero = false;
        for (int at = 0; at < bytes.Length; at += block)
        {
            bool isZero = !bytes.Span.Slice(at, Math.Min(block, bytes.Length - at)).ContainsAnyExcept((byte)0);
            if (at > start && isZero != startIsZero)
            {
                yield return (start, at - start, startIsZero);
                start = at;
            }

            startIsZero = isZero;
        }

        if (bytes.Length > start) yield return (start, bytes.Length - start, startIsZero);
    }
}
