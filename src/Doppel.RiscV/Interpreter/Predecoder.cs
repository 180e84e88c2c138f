using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// Turns decoded instructions into the form that the interpreter runs: register fields become slot numbers – f registers follow the x registers,
/// and a destination x0 becomes <see cref="RiscVSlot.Sink"/> – so that no case of the switch has to ask.
/// </summary>
internal sealed class Predecoder
{
    private readonly Decoder _decoder;
    private readonly Shape[] _shapes;

    public Predecoder(ExtensionSet extensions)
    {
        _decoder = new Decoder(extensions);
        _shapes = new Shape[(int)Enum.GetValues<Op>().Max() + 1];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.IsCompressed || row.Op == Op.Illegal) continue;
            _shapes[(int)row.Op] = new Shape(row.Rd.Kind == OperandKind.X, Base(row.Rd), Base(row.Rs1), Base(row.Rs2), Base(row.Rs3));
        }
    }

    public Instruction Decode(uint bits)
    {
        Instruction i = _decoder.Decode(bits);
        Shape shape = _shapes[(int)i.Op];
        byte rd = shape.IntegerDestination && i.Rd == 0 ? RiscVSlot.Sink : (byte)(i.Rd + shape.Rd);
        return i with { Rd = rd, Rs1 = (byte)(i.Rs1 + shape.Rs1), Rs2 = (byte)(i.Rs2 + shape.Rs2), Rs3 = (byte)(i.Rs3 + shape.Rs3) };
    }

    private static byte Base(RegisterField field) => field.Kind == OperandKind.F ? RiscVSlot.F : RiscVSlot.X;

    private readonly record struct Shape(bool IntegerDestination, byte Rd, byte Rs1, byte Rs2, byte Rs3);
}
