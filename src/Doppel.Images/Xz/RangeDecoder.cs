// The range decoder of LZMA: Pavlov, "LZMA specification" (2015), section "The main loop of decoder" and "Range decoder".
using System.Runtime.CompilerServices;

namespace Doppel.Images.Xz;

/// <summary>
/// Decodes bits by adaptive probabilities of 11 bits. The input is one whole chunk with <see cref="Slack"/> bytes after it; whoever decodes
/// a symbol checks <see cref="Overrun"/> once, since no symbol takes more than the slack.
/// </summary>
internal ref struct RangeDecoder
{
    /// <summary>The longest symbol: a match with 48 probability bits and 26 direct bits takes at most 20 bytes.</summary>
    internal const int Slack = 32;

    internal const ushort InitialProbability = 1 << 10;
    private const uint Top = 1 << 24;

    private readonly ReadOnlySpan<byte> _input;
    private readonly int _end;
    private int _position;
    private uint _range;
    private uint _code;

    internal RangeDecoder(ReadOnlySpan<byte> input, int length)
    {
        _input = input;
        _end = length;
        _range = 0xFFFF_FFFF;
        _code = (uint)(input[1] << 24 | input[2] << 16 | input[3] << 8 | input[4]);
        _position = 5;
    }

    internal readonly bool Overrun => _position > _end;

    /// <summary>True when all input is used and nothing is left in the code: where a chunk has to end.</summary>
    internal readonly bool Finished => _position == _end && _code == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Normalize()
    {
        if (_range < Top)
        {
            _range <<= 8;
            _code = _code << 8 | _input[_position++];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Bit(ref ushort probability)
    {
        Normalize();
        uint value = probability;
        uint bound = (_range >> 11) * value;
        if (_code < bound)
        {
            _range = bound;
            probability = (ushort)(value + ((2048 - value) >> 5));
            return 0;
        }
        _range -= bound;
        _code -= bound;
        probability = (ushort)(value - (value >> 5));
        return 1;
    }

    /// <summary>A number of <paramref name="bits"/> bits, highest first, by a tree of probabilities.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Tree(Span<ushort> tree, int bits)
    {
        uint symbol = 1;
        for (int i = 0; i < bits; i++) symbol = symbol << 1 | Bit(ref tree[(int)symbol]);
        return symbol - (1u << bits);
    }

    /// <summary>The same with the lowest bit first; the tree starts at <paramref name="offset"/>.</summary>
    internal uint ReverseTree(Span<ushort> tree, int offset, int bits)
    {
        uint symbol = 1, value = 0;
        for (int i = 0; i < bits; i++)
        {
            uint bit = Bit(ref tree[offset + (int)symbol]);
            symbol = symbol << 1 | bit;
            value |= bit << i;
        }
        return value;
    }

    /// <summary>Bits of even chance, highest first.</summary>
    internal uint Direct(int bits)
    {
        uint value = 0;
        for (int i = 0; i < bits; i++)
        {
            Normalize();
            _range >>= 1;
            uint bit = _code >= _range ? 1u : 0;
            if (bit != 0) _code -= _range;
            value = value << 1 | bit;
        }
        return value;
    }
}
