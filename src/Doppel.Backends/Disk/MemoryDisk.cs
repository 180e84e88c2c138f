using Doppel.Core.Backends;

namespace Doppel.Backends.Disk;

/// <summary>A disk in host memory, gone when it is disposed of. For tests and scratch space.</summary>
public sealed class MemoryDisk : IBlockBackend
{
    private byte[] _bytes;
    private readonly Lock _lock = new();

    /// <param name="length">Bytes; a multiple of 512.</param>
    public MemoryDisk(int length, bool readOnly = false)
    {
        if (length <= 0 || length % DiskRange.BlockSize != 0) throw new ArgumentOutOfRangeException(nameof(length), "A disk has a positive multiple of 512 bytes.");
        _bytes = new byte[length];
        ReadOnly = readOnly;
    }

    /// <summary>A disk with these contents, which it copies.</summary>
    public MemoryDisk(ReadOnlySpan<byte> contents, bool readOnly = false)
        : this(contents.Length, readOnly) => contents.CopyTo(_bytes);

    public long Length => _bytes.Length;

    public bool ReadOnly { get; }

    public int BlockSize => DiskRange.BlockSize;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        lock (_lock) _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        CheckWritable(offset, data.Length);
        lock (_lock) data.Span.CopyTo(_bytes.AsSpan((int)offset));
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancel = default) => ValueTask.CompletedTask;

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => WriteZeroesAsync(offset, length, true, cancel);

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default)
    {
        CheckWritable(offset, length);
        lock (_lock) _bytes.AsSpan((int)offset, (int)length).Clear();
        return ValueTask.CompletedTask;
    }

    public ValueTask ResizeAsync(long length, CancellationToken cancel = default)
    {
        CheckWritable(0, 0);
        if (length is <= 0 or > int.MaxValue || length % DiskRange.BlockSize != 0) throw new IOException($"{length} bytes are no size for a disk in memory");
        lock (_lock) Array.Resize(ref _bytes, (int)length);
        return ValueTask.CompletedTask;
    }

    public ValueTask<BlockExtent> MapAsync(long offset, long length, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, length, Length);
        return ValueTask.FromResult(new BlockExtent(length, BlockExtentKind.Data, 0, offset));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void CheckWritable(long offset, long length)
    {
        if (ReadOnly) throw new IOException("the disk is read-only");
        DiskRange.Check(offset, length, Length);
    }
}
