namespace Doppel.Backends.Console;

/// <summary>Bytes first in, first out; grows as needed. Not thread-safe: its owner locks.</summary>
internal sealed class ByteQueue
{
    private byte[] _bytes = new byte[256];
    private int _head;

    public int Count { get; private set; }

    public void Add(ReadOnlySpan<byte> data)
    {
        if (_bytes.Length - Count < data.Length) Grow(Count + data.Length);
        int tail = (_head + Count) % _bytes.Length;
        int first = Math.Min(data.Length, _bytes.Length - tail);
        data[..first].CopyTo(_bytes.AsSpan(tail));
        data[first..].CopyTo(_bytes);
        Count += data.Length;
    }

    /// <summary>Moves out what fits.</summary>
    public int Take(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Count);
        int first = Math.Min(count, _bytes.Length - _head);
        _bytes.AsSpan(_head, first).CopyTo(destination);
        _bytes.AsSpan(0, count - first).CopyTo(destination[first..]);
        _head = (_head + count) % _bytes.Length;
        Count -= count;
        return count;
    }

    public void Clear() => (_head, Count) = (0, 0);

    private void Grow(int needed)
    {
        byte[] larger = new byte[Math.Max(needed, (int)Math.Min(_bytes.Length * 2L, Array.MaxLength))];
        int count = Count;
        Take(larger);
        (_bytes, _head, Count) = (larger, 0, count);
    }
}
