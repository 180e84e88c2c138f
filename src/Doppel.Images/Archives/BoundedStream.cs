namespace Doppel.Images.Archives;

/// <summary>The next <paramref name="length"/> bytes of another stream, forward only; that stream is left open.</summary>
internal sealed class BoundedStream(Stream inner, long length) : Stream
{
    internal long Remaining { get; private set; } = length;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (Remaining == 0 || buffer.IsEmpty) return 0;
        int count = inner.Read(buffer[..(int)Math.Min(buffer.Length, Remaining)]);
        if (count == 0) throw new InvalidDataException("the file ends too early");
        Remaining -= count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
