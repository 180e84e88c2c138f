namespace Doppel.Machine.Portable.Format;

/// <summary>Content in memory: what is small, read or to be written.</summary>
internal sealed class ByteContent(byte[] bytes) : IContentSource, IContentTarget
{
    public byte[] Bytes => bytes;

    public long Length => bytes.Length;

    public bool CanRead => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        bytes.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        content.CopyTo(bytes.AsMemory((int)offset));
        return ValueTask.CompletedTask;
    }
}
