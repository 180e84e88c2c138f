namespace Doppel.Images.Xz;

/// <summary>
/// What a decoder has put out: the dictionary that matches refer to, and the bytes that are still to be read. One straight buffer that
/// slides down when it is full, so that no access has to wrap; it grows only as far as the data need it.
/// </summary>
internal sealed class LzmaWindow
{
    /// <summary>An LZMA2 chunk puts out at most this much.</summary>
    internal const int MaximumChunk = 2 << 20;

    private const int FirstSize = 1 << 16;

    private readonly int _dictionarySize;
    private int _read;

    internal LzmaWindow(int dictionarySize)
    {
        _dictionarySize = dictionarySize;
        Buffer = new byte[FirstSize];
    }

    internal byte[] Buffer { get; private set; }

    /// <summary>Where the next byte goes.</summary>
    internal int Position { get; set; }

    /// <summary>
    /// Where the dictionary was last reset, so that Position − Start counts the bytes since then; negative once the buffer has slid. A match
    /// may refer to what lies after it, but no further back than the dictionary's size.
    /// </summary>
    internal int Start { get; private set; }

    internal int DictionarySize => _dictionarySize;

    internal int Unread => Position - _read;

    internal void ResetDictionary() => Start = Position;

    /// <summary>Makes room for a chunk of <paramref name="count"/> bytes. All bytes must have been read.</summary>
    internal void Reserve(int count)
    {
        if (Position + count <= Buffer.Length) return;
        int keep = Math.Min(Position - Start, _dictionarySize);
        byte[] source = Buffer;
        // In the end twice the dictionary, so that a slide is rare; by doubling, so that a small file with a large dictionary stays small.
        long limit = Math.Min(2L * _dictionarySize + MaximumChunk, Array.MaxLength);
        if (keep + count > source.Length / 2 && source.Length < limit) Buffer = new byte[Math.Min(Math.Max(2L * source.Length, 2L * (keep + count)), limit)];
        Array.Copy(source, Position - keep, Buffer, 0, keep);
        Start -= Position - keep;
        // The count is used modulo 16 and against the dictionary's size only: it need not grow for ever.
        if (Start < -(1 << 30)) Start += 1 << 29;
        Position = keep;
        _read = keep;
    }

    internal int Read(Span<byte> destination)
    {
        int count = Math.Min(Unread, destination.Length);
        Buffer.AsSpan(_read, count).CopyTo(destination);
        _read += count;
        return count;
    }
}
