namespace Doppel.Cli.Run;

/// <summary>
/// A file or pipe typed into a terminal of the guest: where it ends, Ctrl-D is typed, because a terminal has no other way to say so. Read only.
/// </summary>
internal sealed class TypedInput(Stream input) : Stream
{
    private const byte EndOfTransmission = 4;
    private bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_ended || buffer.IsEmpty) return 0;
        int count = input.Read(buffer);
        if (count > 0) return count;
        _ended = true;
        buffer[0] = EndOfTransmission;
        return 1;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) input.Dispose();
        base.Dispose(disposing);
    }
}
