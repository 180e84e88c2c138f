// Reads .xz files: "The .xz File Format", version 1.2.1, all of sections 2 to 4; of the filters (5.3) LZMA2 alone.
using System.Buffers.Binary;

namespace Doppel.Images.Xz;

/// <summary>
/// The decompressed bytes of an .xz file, as a stream that only goes forward. Several streams and blocks are read one after the other, every
/// check and the index are verified. Input is not trusted: whatever is wrong with it is an <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class XzStream : Stream
{
    /// <summary>Debian's packages need 64 MiB at most (<c>xz -9</c>).</summary>
    internal const int DefaultMaximumDictionary = 64 << 20;

    private const int Lzma2Filter = 0x21;
    private static ReadOnlySpan<byte> HeaderMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];
    private static ReadOnlySpan<byte> FooterMagic => [(byte)'Y', (byte)'Z'];

    private readonly Stream _inner;
    private readonly bool _leaveOpen;
    private readonly int _maximumDictionary;
    private readonly XzInput _input;
    private readonly List<(long Unpadded, long Uncompressed)> _blocks = [];

    private State _state = State.Stream;
    private Lzma2Decoder? _decoder;
    private XzCheck? _check;
    private ushort _streamFlags;
    private bool _anyStream;
    private long _blockStart, _blockOutput;
    private int _blockHeaderSize;
    private long? _expectedCompressed, _expectedUncompressed;

    internal XzStream(Stream inner, bool leaveOpen = false, int maximumDictionary = DefaultMaximumDictionary)
    {
        _inner = inner;
        _leaveOpen = leaveOpen;
        _maximumDictionary = maximumDictionary;
        _input = new XzInput(inner);
    }

    private enum State
    {
        Stream,
        BlockOrIndex,
        Chunks,
        End,
        Failed,
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_state == State.Failed) throw Corrupt("read after an error");
        if (buffer.IsEmpty) return 0;
        State before = _state;
        try
        {
            while (_decoder is null || _decoder.Window.Unread == 0)
            {
                if (_state == State.End) return 0;
                before = _state;
                _state = State.Failed;
                _state = Step(before);
            }
        }
        catch (IndexOutOfRangeException error)
        {
            // Cannot happen as far as we know; damaged input must never look like anything but damaged input.
            throw new InvalidDataException("xz: the compressed data are damaged", error);
        }
        return _decoder.Window.Read(buffer);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _check?.Dispose();
            if (!_leaveOpen) _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private State Step(State state) => state switch
    {
        State.Stream => StreamHeader(),
        State.BlockOrIndex => BlockOrIndex(),
        _ => Chunk(),
    };

    private State StreamHeader()
    {
        Span<byte> header = stackalloc byte[12];
        if (_anyStream)
        {
            // Section 2.2: stream padding, a multiple of four zero bytes, may follow; so may another stream.
            do
            {
                if (_input.AtEnd()) return State.End;
                _input.ReadExactly(header[..4]);
            }
            while (header[..4].IndexOfAnyExcept((byte)0) < 0);
            _input.ReadExactly(header[4..]);
        }
        else
        {
            _input.ReadExactly(header);
        }
        if (!header[..6].SequenceEqual(HeaderMagic)) throw Corrupt("not an xz file");
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != Crc32.Append(0, header[6..8])) throw Corrupt("damaged stream header");
        if (header[6] != 0 || (header[7] & 0xF0) != 0) throw Corrupt("stream flags are not supported");
        _streamFlags = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        _check?.Dispose();
        _check = new XzCheck(header[7]);
        _blocks.Clear();
        _anyStream = true;
        return State.BlockOrIndex;
    }

    private State BlockOrIndex()
    {
        _blockStart = _input.Position;
        int first = _input.ReadByte();
        if (first == 0) return IndexAndFooter();
        BlockHeader(first);
        return State.Chunks;
    }

    // Section 3.1.
    private void BlockHeader(int first)
    {
        _blockHeaderSize = (first + 1) * 4;
        Span<byte> header = stackalloc byte[1024];
        header = header[.._blockHeaderSize];
        header[0] = (byte)first;
        _input.ReadExactly(header[1..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[^4..]) != Crc32.Append(0, header[..^4])) throw Corrupt("damaged block header");
        byte flags = header[1];
        if ((flags & 0x3C) != 0) throw Corrupt("block flags are not supported");
        ReadOnlySpan<byte> rest = header[2..^4];
        _expectedCompressed = (flags & 0x40) != 0 ? Number(ref rest) : null;
        _expectedUncompressed = (flags & 0x80) != 0 ? Number(ref rest) : null;
        long filter = Number(ref rest);
        if ((flags & 3) != 0 || filter != Lzma2Filter) throw Corrupt($"filter 0x{filter:x} is not supported, only LZMA2 is");
        if (Number(ref rest) != 1 || rest.IsEmpty) throw Corrupt("bad filter properties");
        int dictionary = DictionarySize(rest[0]);
        if (rest[1..].IndexOfAnyExcept((byte)0) >= 0) throw Corrupt("block header options are not supported");
        if (_decoder is null || _decoder.Window.DictionarySize != dictionary) _decoder = new Lzma2Decoder(_input, dictionary);
        else _decoder.Restart();
        _blockOutput = 0;
    }

    // Section 5.3.1: 2^n or 3·2^(n−1), from 4 KiB.
    private int DictionarySize(byte bits)
    {
        if (bits > 40) throw Corrupt("bad dictionary size");
        long size = bits == 40 ? uint.MaxValue : (2L | (long)(bits & 1)) << (bits / 2 + 11);
        if (size > _maximumDictionary) throw Corrupt($"it needs a dictionary of {size >> 20} MiB; at most {_maximumDictionary >> 20} MiB are allowed");
        return (int)size;
    }

    private State Chunk()
    {
        LzmaWindow window = _decoder!.Window;
        int size = _decoder.DecodeChunk();
        if (size > 0)
        {
            _check!.Append(window.Buffer.AsSpan(window.Position - size, size));
            _blockOutput += size;
            return State.Chunks;
        }
        EndOfBlock();
        return State.BlockOrIndex;
    }

    private void EndOfBlock()
    {
        long compressed = _input.Position - _blockStart - _blockHeaderSize;
        if ((_expectedCompressed ?? compressed) != compressed || (_expectedUncompressed ?? _blockOutput) != _blockOutput) throw Corrupt("a block has the wrong size");
        Padding(compressed);
        Span<byte> check = stackalloc byte[32];
        check = check[.._check!.Size];
        _input.ReadExactly(check);
        if (!_check.Finish(check)) throw Corrupt("the checksum is wrong");
        _blocks.Add((_blockHeaderSize + compressed + _check.Size, _blockOutput));
    }

    // Sections 4 and 2.1.2: the index repeats the sizes of all blocks, the footer repeats the flags and gives the size of the index.
    private State IndexAndFooter()
    {
        IndexReader index = new(_input);
        if (index.Number() != _blocks.Count) throw Corrupt("the index does not fit the blocks");
        foreach ((long unpadded, long uncompressed) in _blocks)
            if (index.Number() != unpadded || index.Number() != uncompressed) throw Corrupt("the index does not fit the blocks");
        while ((_input.Position - _blockStart) % 4 != 0)
            if (index.Byte() != 0) throw Corrupt("bad padding");
        Span<byte> word = stackalloc byte[4];
        _input.ReadExactly(word);
        if (BinaryPrimitives.ReadUInt32LittleEndian(word) != index.Crc) throw Corrupt("the index is damaged");

        long indexSize = _input.Position - _blockStart;
        Span<byte> footer = stackalloc byte[12];
        _input.ReadExactly(footer);
        if (!footer[10..].SequenceEqual(FooterMagic)
            || BinaryPrimitives.ReadUInt32LittleEndian(footer) != Crc32.Append(0, footer[4..10])
            || (BinaryPrimitives.ReadUInt32LittleEndian(footer[4..]) + 1L) * 4 != indexSize
            || BinaryPrimitives.ReadUInt16LittleEndian(footer[8..]) != _streamFlags)
        {
            throw Corrupt("the stream footer is damaged");
        }
        return State.Stream;
    }

    private void Padding(long size)
    {
        for (; size % 4 != 0; size++)
            if (_input.ReadByte() != 0) throw Corrupt("bad padding");
    }

    // Section 1.2: seven bits a byte, lowest first; no padding by zeros.
    private static long Number(ref ReadOnlySpan<byte> bytes)
    {
        long value = 0;
        for (int i = 0; i < 9 && i < bytes.Length; i++)
        {
            byte b = bytes[i];
            value |= (long)(b & 0x7F) << (7 * i);
            if (b >= 0x80) continue;
            if (b == 0 && i > 0) break;
            bytes = bytes[(i + 1)..];
            return value;
        }
        throw Corrupt("a damaged number");
    }

    private static InvalidDataException Corrupt(string what) => new($"xz: {what}");

    /// <summary>Reads the index and keeps its CRC; the indicator byte 0 has been read.</summary>
    private ref struct IndexReader(XzInput input)
    {
        private readonly XzInput _input = input;

        internal uint Crc { get; private set; } = Crc32.Append(0, [0]);

        internal byte Byte()
        {
            byte value = _input.ReadByte();
            Crc = Crc32.Append(Crc, [value]);
            return value;
        }

        internal long Number()
        {
            long value = 0;
            for (int i = 0; i < 9; i++)
            {
                byte b = Byte();
                value |= (long)(b & 0x7F) << (7 * i);
                if (b >= 0x80) continue;
                if (b == 0 && i > 0) break;
                return value;
            }
            throw Corrupt("a damaged number");
        }
    }
}
