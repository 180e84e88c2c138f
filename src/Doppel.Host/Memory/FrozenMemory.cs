using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Memory;

/// <summary>
/// What a <see cref="HostMemory"/> held at one moment, never to change again. Blocks that are made from it, or set back to it, share its pages as far
/// as the host can, and get pages of their own only where they write.
/// </summary>
/// <remarks>Thread-safe. The pages go back to the host when this object and all blocks on it are disposed.</remarks>
public abstract class FrozenMemory : IDisposable
{
    private protected FrozenMemory(ulong length)
    {
        Length = length;
    }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>What makes it up: pieces in order, without gaps. Valid until this object is disposed.</summary>
    public abstract IReadOnlyList<FrozenPiece> Pieces { get; }

    /// <summary>Content that lies in files, each with a layer's pages at the offsets that they have in the block. On Linux they are mapped when the content is used, and not read before.</summary>
    /// <param name="length">Bytes of the block.</param>
    /// <param name="pieces">Of whole host pages, in order, from 0 to <paramref name="length"/>, without gaps, and the layer of each.</param>
    /// <param name="open">Opens a layer's file for reading; called once for each, which is taken over. Nobody may change or shorten the file while the content is in use.</param>
    /// <exception cref="ArgumentException">The pieces do not cover the block.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static FrozenMemory Open(ulong length, IReadOnlyList<(PageRun Run, Guid Layer)> pieces, Func<Guid, SafeFileHandle> open)
    {
        ulong end = 0;
        foreach ((PageRun run, _) in pieces)
        {
            if (run.Offset != end || run.Length == 0 || run.Length > length - end || (end + run.Length) % (ulong)Environment.SystemPageSize != 0) throw new ArgumentException($"The pieces do not cover the block at {end}.", nameof(pieces));
            end += run.Length;
        }

        if (end != length) throw new ArgumentException($"The pieces end at {end}.", nameof(pieces));
        return OperatingSystem.IsLinux() ? LayeredMemory.Open(length, pieces, open) : CopyingMapping.Read(length, pieces, open);
    }

    /// <summary>
    /// Copies what was not copied yet, in the background; to be called once the block that was frozen is in use again. Without it a page is copied when somebody needs it or is about to write to it.
    /// </summary>
    public virtual void BeginCopying()
    {
    }

    /// <summary>Copies bytes out.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public void Read(ulong offset, Span<byte> destination)
    {
        if (offset > Length || (ulong)destination.Length > Length - offset) throw new ArgumentOutOfRangeException(nameof(offset), "Access outside the frozen memory.");
        foreach (FrozenPiece piece in Pieces)
        {
            if (destination.IsEmpty) return;
            if (piece.Run.End <= offset) continue;
            int count = (int)Math.Min((ulong)destination.Length, piece.Run.End - offset);
            piece.Layer.Read(offset, destination[..count]);
            destination = destination[count..];
            offset += (ulong)count;
        }
    }

    /// <summary>The parts that may be other than zeroes, in order.</summary>
    public IEnumerable<PageRun> Data() => Pieces.SelectMany(piece => piece.Layer.Data(piece.Run));

    /// <summary>The same content once more, to be disposed on its own.</summary>
    public abstract FrozenMemory Share();

    /// <summary>Lets go of the pages. Blocks on them keep theirs.</summary>
    public abstract void Dispose();
}

/// <summary>Some pages of frozen memory and the layer that holds them.</summary>
public readonly record struct FrozenPiece(PageRun Run, FrozenLayer Layer);
