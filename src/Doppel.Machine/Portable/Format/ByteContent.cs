namespace Doppel.Machine.Portable.Format;

/// <summary>Content in memory: what is small, read or to be written.</summary>
internal sealed class ByteContent(byte[] bytes) : IContentSource, IContentTarget
{
    public byte[] Bytes => bytes;

    public long Length => bytes.Length;

    public bool CanRead => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        Read(offset, buffer.Span);
        return ValueTask.CompletedTask;
    }

    public void Write(long offset, ReadOnlySpan<byte> content) => content.CopyTo(bytes.AsSpan((int)offset));

    public void Read(long offset, Span<byte> content) => bytes.AsSpan((int)offset, content.Length).CopyTo(content);
}
