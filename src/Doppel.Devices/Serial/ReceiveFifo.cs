namespace Doppel.Devices.Serial;

/// <summary>The receiver's queue of a PC16550D: 16 bytes in FIFO mode, else the single receiver buffer register.</summary>
internal sealed class ReceiveFifo
{
    /// <summary>Bytes in FIFO mode.</summary>
    public const int Size = 16;

    private readonly byte[] _bytes = new byte[Size];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Puts a byte at the end; the caller has made sure that there is room.</summary>
    public void Add(byte value) => _bytes[(_head + Count++) % Size] = value;

    /// <summary>Takes the oldest byte; 0 if there is none.</summary>
    public byte Take()
    {
        if (Count == 0) return 0;
        byte value = _bytes[_head];
        _head = (_head + 1) % Size;
        Count--;
        return value;
    }

    /// <summary>Replaces the newest byte, as an overrun without FIFO does.</summary>
    public void Replace(byte value) => _bytes[(_head + Count - 1) % Size] = value;

    public void Clear() => Count = 0;

    public byte[] ToArray() => [.. Enumerable.Range(0, Count).Select(i => _bytes[(_head + i) % Size])];
}
