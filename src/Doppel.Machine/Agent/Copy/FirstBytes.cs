using System.Text;

namespace Doppel.Machine.Agent.Copy;

/// <summary>Keeps the beginning of what is written to it, and lets the rest go.</summary>
internal sealed class FirstBytes : Stream
{
    private const int Limit = 4096;
    private readonly MemoryStream _kept = new();

    /// <summary>What was kept, as text.</summary>
    public string Text
    {
        get
        {
            lock (_kept) return Encoding.UTF8.GetString(_kept.ToArray()).Trim();
        }
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        lock (_kept) _kept.Write(buffer, offset, (int)Math.Min(count, Limit - _kept.Length));
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
