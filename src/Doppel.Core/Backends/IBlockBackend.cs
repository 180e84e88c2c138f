namespace Doppel.Core.Backends;

/// <summary>
/// A disk of the host behind one asynchronous interface. Offsets and lengths are bytes and multiples of <see cref="BlockSize"/>; calls beyond the end fail.
/// Several calls may be under way at once; a flush makes everything durable that had completed before it was called.
/// </summary>
/// <exception cref="IOException">From every call: the host could not do it. The guest sees an I/O error.</exception>
/// <exception cref="Errors.DoppelException">From every call, of kind <see cref="Errors.ErrorKind.Corrupt"/>: the image is damaged where it was needed.</exception>
public interface IBlockBackend : IAsyncDisposable
{
    /// <summary>Size in bytes, as the guest sees it.</summary>
    long Length { get; }

    bool ReadOnly { get; }

    /// <summary>The unit of access in bytes: 512.</summary>
    int BlockSize { get; }

    /// <summary>The unit in bytes in which the disk is stored: smaller writes may cost more, smaller discards may do nothing. A power of two.</summary>
    int AllocationSize => BlockSize;

    /// <summary>Every call has done its work when it returns. A device then completes its requests within the access that makes them, always at the same moment of the guest's time.</summary>
    bool IsImmediate => false;

    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel = default);

    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancel = default);

    /// <summary>Completed writes are on stable storage when it returns.</summary>
    ValueTask FlushAsync(CancellationToken cancel = default);

    /// <summary>The contents of the range are no longer needed; reads give zeroes or the old bytes.</summary>
    ValueTask DiscardAsync(long offset, long length, CancellationToken cancel = default);

    /// <summary>The range reads as zeroes afterwards.</summary>
    /// <param name="mayUnmap">Whether the storage may be given back.</param>
    ValueTask WriteZeroesAsync(long offset, long length, bool mayUnmap, CancellationToken cancel = default);

    /// <summary>Changes <see cref="Length"/>. What is added reads as zeroes; what is cut off is lost. Waits for the calls that are under way.</summary>
    /// <param name="length">Bytes; a positive multiple of <see cref="BlockSize"/>.</param>
    ValueTask ResizeAsync(long length, CancellationToken cancel = default) => throw new IOException("this disk cannot change its size");

    /// <summary>What is stored at <paramref name="offset"/>: the longest piece that is stored alike, of at most <paramref name="length"/> bytes.</summary>
    ValueTask<BlockExtent> MapAsync(long offset, long length, CancellationToken cancel = default) => ValueTask.FromResult(new BlockExtent(length, BlockExtentKind.Data));
}
