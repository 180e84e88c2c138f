// Reads ar archives as Debian packages use them: deb(5); names of at most 16 characters, no symbol table.
using System.Globalization;
using System.Text;

namespace Doppel.Images.Archives;

/// <summary>One member after the other of an ar archive. Input is not trusted: damage is an <see cref="InvalidDataException"/>.</summary>
internal sealed class ArReader
{
    private const int HeaderSize = 60;
    private static ReadOnlySpan<byte> Magic => "!<arch>\n"u8;

    private readonly Stream _stream;
    private BoundedStream? _member;
    private long _memberSize;

    internal ArReader(Stream stream)
    {
        _stream = stream;
        Span<byte> magic = stackalloc byte[Magic.Length];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual(Magic))
            throw new InvalidDataException("not an ar archive");
    }

    /// <summary>The next member, or null at the end. Its stream is good until the next call.</summary>
    internal (string Name, Stream Content)? Next()
    {
        if (_member is not null)
        {
            _member.CopyTo(Stream.Null);
            // Members start at even offsets; the last one may lack its padding.
            if (_memberSize % 2 != 0) _stream.ReadByte();
        }
        Span<byte> header = stackalloc byte[HeaderSize];
        int count = _stream.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false);
        if (count == 0) return null;
        if (count < HeaderSize || header[58] != 0x60 || header[59] != 0x0A) throw new InvalidDataException("damaged ar header");
        string size = Encoding.ASCII.GetString(header[48..58]).TrimEnd(' ');
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out _memberSize)) throw new InvalidDataException("damaged ar header");
        _member = new BoundedStream(_stream, _memberSize);
        return (Encoding.ASCII.GetString(header[..16]).TrimEnd(' ').TrimEnd('/'), _member);
    }
}
