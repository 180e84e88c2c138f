namespace Doppel.Machine.Portable.Format;

/// <summary>For who only wants to know whether a file is in order.</summary>
internal sealed class NoTarget : IContentTarget
{
    public bool CanRead => false;

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask ReadAsync(long offset, Memory<byte> content, CancellationToken cancel) => throw new NotSupportedException();
}
