using Doppel.Core.Backends;

namespace Doppel.Backends.Disk;

/// <summary>A disk that makes its caller wait: each call has done its work when it returns. For machines whose runs are to repeat.</summary>
public sealed class ImmediateDisk(IBlockBackend disk) : IBlockBackend
{
    public bool IsImmediate => true;

    public long Length => disk.Length;

    public bool ReadOnly => disk.ReadOnly;

    public int BlockSize => disk.BlockSize;

    public int AllocationSize => disk.AllocationSize;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default) => Wait(disk.ReadAsync(offset, buffer, cancel));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default) => Wait(disk.WriteAsync(offset, data, cancel));

    public ValueTask FlushAsync(CancellationToken cancel = default) => Wait(disk.FlushAsync(cancel));

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default) => Wait(disk.DiscardAsync(offset, length, cancel));

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default) => Wait(disk.WriteZeroesAsync(offset, length, mayUnmap, cancel));

    public ValueTask DisposeAsync() => disk.DisposeAsync();

    private static ValueTask Wait(ValueTask work)
    {
        if (work.IsCompletedSuccessfully) return work;
        work.AsTask().GetAwaiter().GetResult();
        return ValueTask.CompletedTask;
    }
}
