// LZMA decoder: Pavlov, "LZMA specification" (2015). Only what LZMA2 needs: no end marker, chunks of known size.
namespace Doppel.Images.Xz;

/// <summary>The state of LZMA that lives on from chunk to chunk: probabilities, state, and the four last distances.</summary>
internal sealed class LzmaDecoder
{
    private const int States = 12, PositionStates = 16;
    private const int LengthLow = 2, LengthMid = LengthLow + (PositionStates << 3), LengthHigh = LengthMid + (PositionStates << 3);
    private const int LengthSize = LengthHigh + 256;
    private const int MinimumMatch = 2;

    private readonly ushort[] _isMatch = new ushort[States * PositionStates];
    private readonly ushort[] _isRep = new ushort[States];
    private readonly ushort[] _isRep0 = new ushort[States];
    private readonly ushort[] _isRep1 = new ushort[States];
    private readonly ushort[] _isRep2 = new ushort[States];
    private readonly ushort[] _isRep0Long = new ushort[States * PositionStates];
    private readonly ushort[] _slots = new ushort[4 * 64];
    private readonly ushort[] _distance = new ushort[128];
    private readonly ushort[] _align = new ushort[16];
    private readonly ushort[] _matchLength = new ushort[LengthSize];
    private readonly ushort[] _repLength = new ushort[LengthSize];
    private ushort[] _literals = [];

    private int _literalContextBits, _literalPositionMask, _positionMask;
    private int _state;
    private uint _rep0, _rep1, _rep2, _rep3;

    /// <summary>New properties lc, lp, pb from their byte, and a reset of the state.</summary>
    internal void SetProperties(byte properties)
    {
        if (properties >= 9 * 5 * 5) throw new InvalidDataException("xz: bad LZMA properties");
        int literalContextBits = properties % 9;
        int literalPositionBits = properties / 9 % 5;
        // LZMA2 limits the sum, so that the literal coder stays small.
        if (literalContextBits + literalPositionBits > 4) throw new InvalidDataException("xz: bad LZMA properties");
        _literalContextBits = literalContextBits;
        _literalPositionMask = (1 << literalPositionBits) - 1;
        _positionMask = (1 << (properties / 45)) - 1;
        int literals = 0x300 << (literalContextBits + literalPositionBits);
        if (_literals.Length != literals) _literals = new ushort[literals];
        ResetState();
    }

    internal void ResetState()
    {
        _state = 0;
        _rep0 = _rep1 = _rep2 = _rep3 = 0;
        foreach (ushort[] table in (ushort[][])[_isMatch, _isRep, _isRep0, _isRep1, _isRep2, _isRep0Long, _slots, _distance, _align, _matchLength, _repLength, _literals])
            table.AsSpan().Fill(RangeDecoder.InitialProbability);
    }

    /// <summary>Decodes a chunk that puts out exactly <paramref name="size"/> bytes.</summary>
    internal void Decode(RangeDecoder decoder, LzmaWindow window, int size)
    {
        byte[] buffer = window.Buffer;
        int position = window.Position, end = position + size, start = window.Start;
        int positionMask = _positionMask, literalPositionMask = _literalPositionMask;
        int literalContextBits = _literalContextBits, literalShift = 8 - _literalContextBits;
        int state = _state;
        uint rep0 = _rep0, rep1 = _rep1, rep2 = _rep2, rep3 = _rep3;
        ushort[] isMatch = _isMatch, literals = _literals;

        while (position < end)
        {
            if (decoder.Overrun) throw Corrupt();
            // The position that contexts count is the one since the last reset of the dictionary, modulo 16 at most.
            int positionState = (position - start) & positionMask;
            if (decoder.Bit(ref isMatch[(state << 4) + positionState]) == 0)
            {
                int previous = position > start ? buffer[position - 1] : 0;
                int context = (((position - start) & literalPositionMask) << literalContextBits) + (previous >> literalShift);
                Span<ushort> probabilities = literals.AsSpan(0x300 * context, 0x300);
                uint symbol = 1;
                if (state >= 7)
                {
                    if (rep0 >= (uint)(position - start)) throw Corrupt();
                    uint match = buffer[position - (int)rep0 - 1];
                    uint offset = 0x100;
                    do
                    {
                        match <<= 1;
                        uint matchBit = match & offset;
                        if (decoder.Bit(ref probabilities[(int)(offset + matchBit + symbol)]) == 0)
                        {
                            symbol <<= 1;
                            offset &= ~matchBit;
                        }
                        else
                        {
                            symbol = symbol << 1 | 1;
                            offset &= matchBit;
                        }
                    }
                    while (symbol < 0x100);
                }
                else
                {
                    do symbol = symbol << 1 | decoder.Bit(ref probabilities[(int)symbol]);
                    while (symbol < 0x100);
                }
                buffer[position++] = (byte)symbol;
                state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
                continue;
            }

            int length;
            if (decoder.Bit(ref _isRep[state]) == 0)
            {
                rep3 = rep2;
                rep2 = rep1;
                rep1 = rep0;
                length = Length(ref decoder, _matchLength, positionState);
                state = state < 7 ? 7 : 10;
                rep0 = Distance(ref decoder, length);
            }
            else
            {
                if (decoder.Bit(ref _isRep0[state]) == 0)
                {
                    if (decoder.Bit(ref _isRep0Long[(state << 4) + positionState]) == 0)
                    {
                        if (rep0 >= (uint)(position - start)) throw Corrupt();
                        buffer[position] = buffer[position - (int)rep0 - 1];
                        position++;
                        state = state < 7 ? 9 : 11;
                        continue;
                    }
                }
                else
                {
                    uint distance = rep1;
                    if (decoder.Bit(ref _isRep1[state]) != 0)
                    {
                        distance = rep2;
                        if (decoder.Bit(ref _isRep2[state]) != 0)
                        {
                            distance = rep3;
                            rep3 = rep2;
                        }
                        rep2 = rep1;
                    }
                    rep1 = rep0;
                    rep0 = distance;
                }
                length = Length(ref decoder, _repLength, positionState);
                state = state < 7 ? 8 : 11;
            }

            length += MinimumMatch;
            if (rep0 >= (uint)(position - start) || rep0 >= (uint)window.DictionarySize || length > end - position) throw Corrupt();
            Copy(buffer, position, (int)rep0 + 1, length);
            position += length;
        }

        decoder.Normalize();
        if (!decoder.Finished) throw Corrupt();
        window.Position = position;
        _state = state;
        (_rep0, _rep1, _rep2, _rep3) = (rep0, rep1, rep2, rep3);
    }

    /// <summary>A match may overlap what it writes: a distance shorter than the length repeats.</summary>
    private static void Copy(byte[] buffer, int position, int distance, int length)
    {
        if (distance >= length)
        {
            buffer.AsSpan(position - distance, length).CopyTo(buffer.AsSpan(position, length));
            return;
        }
        Span<byte> target = buffer.AsSpan(position - distance, distance + length);
        for (int i = distance; i < target.Length; i++) target[i] = target[i - distance];
    }

    private static int Length(ref RangeDecoder decoder, ushort[] table, int positionState)
    {
        if (decoder.Bit(ref table[0]) == 0) return (int)decoder.Tree(table.AsSpan(LengthLow + (positionState << 3), 8), 3);
        if (decoder.Bit(ref table[1]) == 0) return 8 + (int)decoder.Tree(table.AsSpan(LengthMid + (positionState << 3), 8), 3);
        return 16 + (int)decoder.Tree(table.AsSpan(LengthHigh, 256), 8);
    }

    private uint Distance(ref RangeDecoder decoder, int length)
    {
        uint slot = decoder.Tree(_slots.AsSpan(Math.Min(length, 3) << 6, 64), 6);
        if (slot < 4) return slot;
        int bits = (int)(slot >> 1) - 1;
        uint distance = (2 | slot & 1) << bits;
        if (slot < 14) return distance + decoder.ReverseTree(_distance, (int)(distance - slot), bits);
        distance += decoder.Direct(bits - 4) << 4;
        return distance + decoder.ReverseTree(_align, 0, 4);
    }

    private static InvalidDataException Corrupt() => new("xz: the compressed data are damaged");
}
