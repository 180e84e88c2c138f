// LZMA2: .xz file format 1.2.1, section 5.3.1; the chunks as described in the XZ for Java and XZ Embedded documentation.
using System.Buffers.Binary;

namespace Doppel.Images.Xz;

/// <summary>Decodes the chunks of one block: each is stored or LZMA, and says what of the state it resets.</summary>
internal sealed class Lzma2Decoder
{
    private const int MaximumInput = 1 << 16;

    private readonly XzInput _input;
    private readonly LzmaDecoder _lzma = new();
    private readonly byte[] _chunk = new byte[MaximumInput + RangeDecoder.Slack];
    private bool _needDictionary = true, _needProperties = true, _needState = true;

    internal Lzma2Decoder(XzInput input, int dictionarySize)
    {
        _input = input;
        Window = new LzmaWindow(dictionarySize);
    }

    internal LzmaWindow Window { get; }

    /// <summary>Starts another block, which must begin by a reset of the dictionary.</summary>
    internal void Restart() => (_needDictionary, _needProperties, _needState) = (true, true, true);

    /// <summary>Puts the next chunk into the window and gives its size; 0 at the end of the block.</summary>
    internal int DecodeChunk()
    {
        int control = _input.ReadByte();
        if (control == 0) return 0;
        if (control is 1 || control >= 0xE0)
        {
            _needDictionary = false;
            if (control == 1) _needProperties = true;
            Window.ResetDictionary();
        }
        else if (_needDictionary || control is > 2 and < 0x80)
        {
            throw Corrupt();
        }
        return control < 0x80 ? Stored() : Compressed(control);
    }

    private int Stored()
    {
        int size = ReadUInt16() + 1;
        Window.Reserve(size);
        _input.ReadExactly(Window.Buffer.AsSpan(Window.Position, size));
        Window.Position += size;
        return size;
    }

    private int Compressed(int control)
    {
        int size = ((control & 0x1F) << 16) + ReadUInt16() + 1;
        int inputSize = ReadUInt16() + 1;
        if (control >= 0xC0)
        {
            _lzma.SetProperties(_input.ReadByte());
            (_needProperties, _needState) = (false, false);
        }
        else if (_needProperties)
        {
            throw Corrupt();
        }
        else if (control >= 0xA0)
        {
            _lzma.ResetState();
            _needState = false;
        }
        else if (_needState)
        {
            throw Corrupt();
        }
        if (inputSize < 5) throw Corrupt();
        Window.Reserve(size);
        _input.ReadExactly(_chunk.AsSpan(0, inputSize));
        _chunk.AsSpan(inputSize, RangeDecoder.Slack).Clear();
        if (_chunk[0] != 0) throw Corrupt();
        _lzma.Decode(new RangeDecoder(_chunk, inputSize), Window, size);
        return size;
    }

    private int ReadUInt16()
    {
        Span<byte> bytes = stackalloc byte[2];
        _input.ReadExactly(bytes);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    private static InvalidDataException Corrupt() => new("xz: the compressed data are damaged");
}
