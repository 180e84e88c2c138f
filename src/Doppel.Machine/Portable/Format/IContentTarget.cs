namespace Doppel.Machine.Portable.Format;

/// <summary>What an object of a file becomes. It begins as zeroes; calls come one at a time.</summary>
internal interface IContentTarget
{
    /// <summary>Whether what was written can be read again. If not, content that is repeated elsewhere is not given to anybody.</summary>
    bool CanRead { get; }

    /// <exception cref="IOException">The host has no room.</exception>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Reads what was written there.</summary>
    ValueTask ReadAsync(long offset, Memory<byte> content, CancellationToken cancel);
}
