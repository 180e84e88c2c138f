namespace Doppel.Images.Xz;

/// <summary>Buffers the compressed input and counts it; an early end is damage.</summary>
internal sealed class XzInput(Stream stream)
{
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _next, _filled;

    /// <summary>Bytes taken so far.</summary>
    internal long Position { get; private set; }

    internal byte ReadByte()
    {
        if (_next == _filled) Fill();
        Position++;
        return _buffer[_next++];
    }

    internal void ReadExactly(Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (_next == _filled) Fill();
            int count = Math.Min(destination.Length, _filled - _next);
            _buffer.AsSpan(_next, count).CopyTo(destination);
            _next += count;
            Position += count;
            destination = destination[count..];
        }
    }

    /// <summary>True when the input ends here.</summary>
    internal bool AtEnd()
    {
        if (_next < _filled) return false;
        _next = 0;
        _filled = stream.Read(_buffer);
        return _filled == 0;
    }

    private void Fill()
    {
        if (AtEnd()) throw new InvalidDataException("xz: the file ends too early");
    }
}
