using Doppel.Backends.Disk;

namespace Doppel.Tests.Unit.Backends.Disk;

/// <summary>An image in memory that notes what is done to it, so that a test can cut the power anywhere.</summary>
internal sealed class MemoryStore(byte[] bytes, bool readOnly = false) : ImageStore
{
    /// <summary>Beyond that there is no room, as on a full disk.</summary>
    private const long Room = 256 << 20;

    private readonly Lock _lock = new();
    private bool _readOnly = readOnly;

    public MemoryStore()
        : this([])
    {
    }

    public byte[] Bytes { get; private set; } = bytes;

    /// <summary>What was done, in its order: bytes at an offset, or null for a flush.</summary>
    public List<(long Offset, byte[] Data)?>? Journal { get; set; }

    /// <summary>What writes throw.</summary>
    public IOException? Failure { get; set; }

    /// <summary>Called before something is done, so that a test can do something else meanwhile.</summary>
    public Action<StoreCall>? Before { get; set; }

    public override string Path => "memory.qcow2";

    public override bool ReadOnly => _readOnly;

    public override long Length
    {
        get
        {
            lock (_lock) return Bytes.Length;
        }
    }

    public override void SetLength(long length)
    {
        Before?.Invoke(StoreCall.SetLength);
        lock (_lock) Grow(length);
    }

    public override int Read(long offset, Span<byte> buffer)
    {
        lock (_lock)
        {
            int there = (int)Math.Clamp(Bytes.Length - offset, 0, buffer.Length);
            if (there > 0) Bytes.AsSpan((int)offset, there).CopyTo(buffer);
            buffer[there..].Clear();
            return there;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> data)
    {
        Before?.Invoke(StoreCall.Write);
        lock (_lock)
        {
            if (ReadOnly) throw new InvalidOperationException("A read-only store was written.");
            if (Failure is not null) throw Failure;
            if (offset + data.Length > Bytes.Length) Grow(offset + data.Length);
            data.CopyTo(Bytes.AsSpan((int)offset));
            Journal?.Add((offset, data.ToArray()));
        }
    }

    public override void Flush()
    {
        lock (_lock) Journal?.Add(null);
    }

    public override bool TryPunchHole(long offset, long length)
    {
        Write(offset, new byte[Math.Max(0, Math.Min(length, Length - offset))]);
        return true;
    }

    public override bool TryZero(long offset, long length)
    {
        Write(offset, new byte[length]);
        return true;
    }

    public override void EndWriting() => _readOnly = true;

    protected override void Dispose(bool disposing)
    {
    }

    private void Grow(long length)
    {
        if (length > Room) throw new IOException("no room");
        byte[] all = Bytes;
        Array.Resize(ref all, (int)length);
        Bytes = all;
    }
}

/// <summary>What is about to be done to a <see cref="MemoryStore"/>.</summary>
internal enum StoreCall
{
    SetLength,
    Write,
}
