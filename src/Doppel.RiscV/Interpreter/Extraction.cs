using System.Runtime.CompilerServices;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// How the fields of one row's encodings become a predecoded instruction: register numbers that are slots, an implied register as a field without bits. The translator
/// decodes all that it translates, so that this is laid out to be quick.
/// </summary>
internal sealed class Extraction
{
    private readonly Op _op;
    private readonly byte _length;
    private readonly bool _writesInteger;
    private readonly Field _rd, _rs1, _rs2, _rs3, _rm;
    private readonly ImmediateSegment[] _segments;
    private readonly int _impliedImmediate, _unusedBits;
    private readonly bool _signed;

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
        _segments = row.Immediate;
        _impliedImmediate = row.ImpliedImmediate;
        _unusedBits = 31 - row.Format.Immediate.HighestBit;
        _signed = row.Format.Immediate.Signed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Extract(uint word, out Instruction instruction)
    {
        int immediate = _impliedImmediate;
        if (_segments.Length > 0)
        {
            uint value = 0;
            foreach (ref readonly ImmediateSegment segment in _segments.AsSpan()) value |= ((word >> segment.From) & segment.Mask) << segment.To;
            immediate = _signed ? (int)(value << _unusedBits) >> _unusedBits : (int)value;
        }

        byte rd = _rd.Of(word);
        if (rd == 0 && _writesInteger) rd = RiscVSlot.Sink;
        instruction = new Instruction(_op, rd, _rs1.Of(word), _rs2.Of(word), _rs3.Of(word), _rm.Of(word), _length, immediate);
    }

    private readonly struct Field
    {
        private readonly byte _shift, _mask, _base;

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
