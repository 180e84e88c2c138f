namespace Doppel.Core.Memory;

/// <summary>One bit per 4 KiB page: written since last taken. Marking is thread-safe.</summary>
public sealed class DirtyBitmap
{
    /// <summary>Bytes per bit.</summary>
    public const int PageSize = 4096;

    private readonly ulong[] _words;
    private readonly ulong _pages;
    private readonly Action<ulong> _first;

    /// <param name="first">Called with the offset of a page before it is marked.</param>
    internal DirtyBitmap(ulong length, Action<ulong> first)
    {
        _first = first;
        _pages = (length + PageSize - 1) / PageSize;
        _words = new ulong[(_pages + 63) / 64];
    }

    /// <summary>Marks the page that holds this offset, which must be done before it is written to: a snapshot may still have to copy it. Cheap if it is marked already.</summary>
    public void Mark(ulong offset)
    {
        ulong page = offset / PageSize;
        ref ulong word = ref _words[page / 64];
        ulong bit = 1UL << (int)(page % 64);
        if ((Volatile.Read(ref word) & bit) != 0) return;

        // Whoever sees the mark may write at once.
        _first(page * PageSize);
        Interlocked.Or(ref word, bit);
    }

    /// <summary>Marks every page that the range touches.</summary>
    public void Mark(ulong offset, ulong length)
    {
        if (length == 0) return;
        for (ulong page = offset / PageSize; page <= (offset + length - 1) / PageSize; page++) Mark(page * PageSize);
    }

    /// <summary>Puts back what <see cref="Take"/> moved out.</summary>
    public void Mark(ReadOnlySpan<ulong> marks)
    {
        for (int i = 0; i < _words.Length; i++) Interlocked.Or(ref _words[i], marks[i]);
    }

    public void MarkAll() => Mark(0, _pages * PageSize);

    public bool IsMarked(ulong offset) => (Volatile.Read(ref _words[offset / PageSize / 64]) >> (int)(offset / PageSize % 64) & 1) != 0;

    /// <summary>Moves the marks out and clears them. Engines must drop their write permissions afterwards, or later writes go unseen.</summary>
    /// <param name="destination">At least <see cref="WordCount"/> words; bit n of word w is page 64·w + n.</param>
    public void Take(Span<ulong> destination)
    {
        for (int i = 0; i < _words.Length; i++) destination[i] = Interlocked.Exchange(ref _words[i], 0);
    }

    public int WordCount => _words.Length;
}
