namespace Doppel.Machine.Portable.Format;

/// <summary>Content that is to become an object of a file.</summary>
internal interface IContentSource
{
    /// <summary>Bytes.</summary>
    long Length { get; }

    /// <summary>The first place from <paramref name="offset"/> on that may hold something else than zeroes; <see cref="Length"/> if there is none.</summary>
    ValueTask<long> NextDataAsync(long offset, CancellationToken cancel) => ValueTask.FromResult(offset);

    /// <exception cref="IOException">The host could not read it.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel);
}
