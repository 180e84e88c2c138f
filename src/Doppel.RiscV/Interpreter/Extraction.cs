using System.Runtime.CompilerServices;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// How the fields of one row's encodings become a predecoded instruction: register numbers that are slots, an implied register as a field without bits. The translator
/// decodes all that it translates, so that this is laid out to be quick.
/// </summary>
internal readonly struct Extraction
{
    /// <summary>Segments that an immediate of 32-bit instructions has at most; the places of fewer are filled up with such as have no bits, which costs less than to count them.</summary>
    private const int Segments = 4;

    private readonly Op _op;
    private readonly byte _length;
    private readonly bool _writesInteger, _hasThirdOrMode;
    private readonly Field _rd, _rs1, _rs2, _rs3, _rm;

    // The same of rd, rs1 and rs2 in one, eight bits each: in all instructions of 32 bits they are in the same places.
    private readonly uint _masks, _bases;
    private readonly byte _unusedBits;
    private readonly int _impliedImmediate;
    private readonly ImmediateSegment _first, _second, _third, _fourth;

    /// <summary>The others, of compressed instructions.</summary>
    private readonly ImmediateSegment[] _more;

    /// <param name="row">The row of the encoding.</param>
    /// <param name="expansion">The row of the instruction itself, which tells what kind of registers the fields of a compressed one name.</param>
    public Extraction(InstructionRow row, InstructionRow expansion)
    {
        _op = row.Op;
        _length = (byte)row.Length;
        _writesInteger = expansion.Rd.Kind == OperandKind.X;
        _rd = new Field(row.Rd, row.ImpliedRd, expansion.Rd.Kind);
        _rs1 = new Field(row.Rs1, row.ImpliedRs1, expansion.Rs1.Kind);
        _rs2 = new Field(row.Rs2, 0, expansion.Rs2.Kind);
        _rs3 = new Field(row.Rs3, 0, expansion.Rs3.Kind);
        _rm = new Field(row.Rm, 0, OperandKind.Number);
        (_masks, _bases) = (_rd.Mask | _rs1.Mask << 8 | _rs2.Mask << 16, _rd.Base | _rs1.Base << 8 | _rs2.Base << 16);
        _hasThirdOrMode = row.Rs3.Exists || row.Rm.Exists;
        _unusedBits = row.Immediate.Length > 0 && row.Format.Immediate.Signed ? (byte)(31 - row.Format.Immediate.HighestBit) : (byte)0;
        _impliedImmediate = row.Immediate.Length > 0 ? 0 : row.ImpliedImmediate;
        ImmediateSegment[] segments = [.. row.Immediate, .. new ImmediateSegment[Segments]];
        (_first, _second, _third, _fourth) = (segments[0], segments[1], segments[2], segments[3]);
        _more = row.Immediate.Length > Segments ? row.Immediate[Segments..] : [];
    }

    /// <summary>The default: the encoding is that of no instruction.</summary>
    public bool IsReserved => _op == Op.None;

    /// <summary>Of an instruction of 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Extract(uint word, out Instruction instruction)
    {
        uint registers = ((word >> 7 & 0x1f1f | word >> 4 & 0x1f0000) & _masks) + _bases;
        byte rs3 = 0, rm = 0;
        if (_hasThirdOrMode) (rs3, rm) = (_rs3.Of(word), _rm.Of(word));
        instruction = new Instruction(_op, Destination((byte)registers), (byte)(registers >> 8), (byte)(registers >> 16), rs3, rm, _length, Immediate(FirstSegments(word)));
    }

    // In line even where nothing is known yet of what is hot: the predecoder makes a table of all of them at its start.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExtractCompressed(uint word, out Instruction instruction)
    {
        uint value = FirstSegments(word);
        foreach (ImmediateSegment segment in _more) value |= segment.Of(word);
        instruction = new Instruction(_op, Destination(_rd.Of(word)), _rs1.Of(word), _rs2.Of(word), 0, 0, _length, Immediate(value));
    }

    private uint FirstSegments(uint word) => _first.Of(word) | _second.Of(word) | _third.Of(word) | _fourth.Of(word);

    private int Immediate(uint value) => (int)(value << _unusedBits) >> _unusedBits | _impliedImmediate;

    private byte Destination(byte rd) => rd == 0 && _writesInteger ? RiscVSlot.Sink : rd;

    private readonly struct Field
    {
        private readonly byte _shift, _mask, _base;

        public uint Mask => _mask;

        public uint Base => _base;

        public Field(RegisterField field, byte implied, OperandKind kind)
        {
            _shift = field.Shift;
            _mask = field.Exists ? (byte)((1 << field.Width) - 1) : (byte)0;
            _base = (byte)((field.Exists ? field.Extract(0) : implied) + (kind == OperandKind.F ? RiscVSlot.F : RiscVSlot.X));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public byte Of(uint word) => (byte)((word >> _shift & _mask) + _base);
    }
}
