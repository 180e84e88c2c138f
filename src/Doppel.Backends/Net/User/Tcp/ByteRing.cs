using System.Buffers;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>Bytes first in, first out, that can be read more than once before they go. Grows as needed; gives its memory back when it is closed.</summary>
internal sealed class ByteRing : IDisposable
{
    private const int FirstSize = 16 << 10;
    private byte[] _bytes = [];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Whether somebody reads <see cref="Oldest"/> just now: then the memory is not given to others.</summary>
    public bool IsLent { get; set; }

    /// <summary>Where up to <paramref name="wanted"/> bytes may be written before <see cref="Commit"/>; at least one.</summary>
    public Span<byte> Free(int wanted)
    {
        if (Count == 0) _head = 0;
        if (Count + wanted > _bytes.Length) Grow(Count + wanted);
        int tail = _head + Count;
        if (tail >= _bytes.Length) tail -= _bytes.Length;
        int end = tail < _head ? _head : _bytes.Length;
        return _bytes.AsSpan(tail, Math.Min(end - tail, wanted));
    }

    public void Commit(int count) => Count += count;

    public void Add(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            Span<byte> free = Free(data.Length);
            data[..free.Length].CopyTo(free);
            Commit(free.Length);
            data = data[free.Length..];
        }
    }

    /// <summary>Reads from <paramref name="offset"/> on; the bytes stay.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        int at = _head + offset;
        if (at >= _bytes.Length) at -= _bytes.Length;
        int first = Math.Min(destination.Length, _bytes.Length - at);
        _bytes.AsSpan(at, first).CopyTo(destination);
        _bytes.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    /// <summary>The oldest bytes that are in one piece, at most <paramref name="most"/>.</summary>
    public Memory<byte> Oldest(int most) => _bytes.AsMemory(_head, Math.Min(Math.Min(Count, most), _bytes.Length - _head));

    public void Consume(int count)
    {
        Count -= count;
        _head += count;
        if (_head >= _bytes.Length) _head -= _bytes.Length;
    }

    public void Dispose()
    {
        Return();
        (_bytes, _head, Count) = ([], 0, 0);
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(FirstSize, _bytes.Length * 2)));
        CopyTo(0, larger.AsSpan(0, Count));
        Return();
        (_bytes, _head) = (larger, 0);
    }

    private void Return()
    {
        if (_bytes.Length > 0 && !IsLent) ArrayPool<byte>.Shared.Return(_bytes);
    }
}
