using Doppel.Core.Backends;

namespace Doppel.Backends.Disk;

/// <summary>
/// A disk whose work is done by synchronous calls that may come from several threads at a time. The asynchronous calls run them on the thread pool, one hop for
/// each request; layers of a stack call each other directly.
/// </summary>
public abstract class SynchronousDisk : IBlockBackend
{
    public abstract long Length { get; }

    public abstract bool ReadOnly { get; }

    public int BlockSize => DiskRange.BlockSize;

    public virtual int AllocationSize => DiskRange.BlockSize;

    /// <summary>How messages name the image.</summary>
    public abstract string Path { get; }

    public abstract DiskFormat Format { get; }

    /// <summary>The layer below, if there is one.</summary>
    internal virtual SynchronousDisk? Below => null;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, buffer.Length, Length);
        return buffer.IsEmpty ? ValueTask.CompletedTask : Run(() => Read(offset, buffer.Span), cancel);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default)
    {
        CheckWritable(offset, data.Length);
        return data.IsEmpty ? ValueTask.CompletedTask : Run(() => Write(offset, data.Span), cancel);
    }

    public ValueTask FlushAsync(CancellationToken cancel = default) => ReadOnly ? ValueTask.CompletedTask : Run(Flush, cancel);

    public ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default)
    {
        CheckWritable(offset, length);
        return length == 0 ? ValueTask.CompletedTask : Run(() => Discard(offset, length), cancel);
    }

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default)
    {
        CheckWritable(offset, length);
        return length == 0 ? ValueTask.CompletedTask : Run(() => WriteZeroes(offset, length, mayUnmap, cancel), cancel);
    }

    public ValueTask ResizeAsync(long length, CancellationToken cancel = default)
    {
        CheckWritable(0, 0);
        if (length <= 0 || length % DiskRange.BlockSize != 0) throw new IOException($"{length} bytes are no size for a disk: it has whole blocks of {DiskRange.BlockSize} bytes");
        return Run(() => Resize(length), cancel);
    }

    public ValueTask<BlockExtent> MapAsync(long offset, long length, CancellationToken cancel = default)
    {
        DiskRange.Check(offset, length, Length);
        if (length == 0) throw new IOException("nothing is asked for");
        return new ValueTask<BlockExtent>(Task.Run(() => Map(offset, length), cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await Task.Run(Close).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>Fills the buffer. The range is on the disk, as with all of these.</summary>
    internal abstract void Read(long offset, Span<byte> buffer);

    internal abstract void Write(long offset, ReadOnlySpan<byte> data);

    internal abstract void Flush();

    internal abstract void Discard(long offset, long length);

    internal abstract void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel);

    internal abstract void Resize(long length);

    internal abstract BlockExtent Map(long offset, long length);

    /// <summary>What is in the file itself is durable when it returns, also if others have written it.</summary>
    internal abstract void FlushFile();

    /// <summary>Makes everything durable and writes no more: other processes may read the files from now on. While nobody writes to the disk.</summary>
    internal abstract void Seal();

    /// <summary>Makes everything durable and closes the files; called again it does nothing.</summary>
    internal abstract void Close();

    /// <summary>As <see cref="Read"/>, and what is beyond the end is zeroes: as a layer above sees a shorter one.</summary>
    internal void ReadPadded(long offset, Span<byte> buffer)
    {
        int there = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        if (there > 0) Read(offset, buffer[..there]);
        buffer[there..].Clear();
    }

    private static ValueTask Run(Action action, CancellationToken cancel) => new(Task.Run(action, cancel));

    private void CheckWritable(long offset, long length)
    {
        if (ReadOnly) throw new IOException($"{Path} is read-only");
        DiskRange.Check(offset, length, Length);
    }
}
