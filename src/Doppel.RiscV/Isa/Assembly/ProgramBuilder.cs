using System.Buffers.Binary;

namespace Doppel.RiscV.Isa.Assembly;

/// <summary>Builds a guest program instruction by instruction, with labels that may be used before they are placed.</summary>
/// <param name="origin">The address of the first byte.</param>
public sealed class ProgramBuilder(ulong origin)
{
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, ulong> _labels = new(StringComparer.Ordinal);
    private readonly List<Fixup> _fixups = [];

    private enum FixupKind
    {
        Relative,
        HighPart,
        LowPart,
        Address,
    }

    public ulong Origin => origin;

    /// <summary>Where the next byte goes.</summary>
    public ulong Here => origin + (ulong)_bytes.Count;

    /// <summary>Names the current address.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public ProgramBuilder Label(string name)
    {
        if (!_labels.TryAdd(name, Here)) throw new ArgumentException($"The label {name} is placed twice.", nameof(name));
        return this;
    }

    /// <summary>The address of a label that has been placed.</summary>
    public ulong AddressOf(string label) => _labels.TryGetValue(label, out ulong address) ? address : throw new ArgumentException($"There is no label {label}.", nameof(label));

    public ProgramBuilder Emit(in Instruction instruction)
    {
        if (instruction.Length == 2) return Half(EncodeCompressed(instruction));
        return Word(Encoder.Encode(instruction));
    }

    /// <summary>An instruction of up to three registers and an immediate; the order is that of <see cref="Instruction"/>, not of assembly language.</summary>
    public ProgramBuilder Emit(Op op, int rd = 0, int rs1 = 0, int rs2 = 0, int imm = 0, int rs3 = 0, int rm = 0) =>
        Emit(new Instruction(op, (byte)rd, (byte)rs1, (byte)rs2, (byte)rs3, (byte)rm, 4, imm));

    /// <summary>A branch, a jump or another instruction whose immediate is the distance to a label.</summary>
    public ProgramBuilder EmitTo(string label, Op op, int rd = 0, int rs1 = 0, int rs2 = 0)
    {
        _fixups.Add(new(_bytes.Count, FixupKind.Relative, label, new(op, (byte)rd, (byte)rs1, (byte)rs2, 0, 0, 4, 0)));
        return Word(0);
    }

    /// <summary>The address of a label, by <c>auipc</c> and <c>addi</c>.</summary>
    public ProgramBuilder LoadAddress(int rd, string label)
    {
        _fixups.Add(new(_bytes.Count, FixupKind.HighPart, label, new(Op.Auipc, (byte)rd, 0, 0, 0, 0, 4, 0)));
        Word(0);
        _fixups.Add(new(_bytes.Count, FixupKind.LowPart, label, new(Op.Addi, (byte)rd, (byte)rd, 0, 0, 0, 4, 0)));
        return Word(0);
    }

    /// <summary>Any constant, in as many instructions as it takes.</summary>
    public ProgramBuilder LoadImmediate(int rd, ulong value)
    {
        foreach (Instruction instruction in ConstantLoad.Sequence((byte)rd, (long)value)) Emit(instruction);
        return this;
    }

    public ProgramBuilder Byte(byte value)
    {
        _bytes.Add(value);
        return this;
    }

    public ProgramBuilder Half(ushort value) => Byte((byte)value).Byte((byte)(value >> 8));

    public ProgramBuilder Word(uint value) => Half((ushort)value).Half((ushort)(value >> 16));

    public ProgramBuilder Double(ulong value) => Word((uint)value).Word((uint)(value >> 32));

    /// <summary>The address of a label as data.</summary>
    public ProgramBuilder Pointer(string label)
    {
        _fixups.Add(new(_bytes.Count, FixupKind.Address, label, default));
        return Double(0);
    }

    /// <summary>Zeroes up to the next multiple of an alignment.</summary>
    public ProgramBuilder Align(int alignment)
    {
        while (Here % (ulong)alignment != 0) _bytes.Add(0);
        return this;
    }

    public ProgramBuilder Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public ProgramBuilder Zeroes(int count)
    {
        for (int i = 0; i < count; i++) _bytes.Add(0);
        return this;
    }

    /// <summary>The program, with all labels resolved.</summary>
    /// <exception cref="ArgumentException">A label is missing or out of reach.</exception>
    public byte[] Build()
    {
        byte[] image = [.. _bytes];
        foreach (Fixup fixup in _fixups)
        {
            ulong target = AddressOf(fixup.Label);
            Span<byte> place = image.AsSpan(fixup.Offset);
            if (fixup.Kind == FixupKind.Address)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(place, target);
                continue;
            }

            // The low half of an address counts from the auipc before it.
            ulong from = origin + (ulong)fixup.Offset - (fixup.Kind == FixupKind.LowPart ? 4u : 0u);
            long distance = (long)(target - from);
            if (distance != (int)distance) throw new ArgumentException($"The label {fixup.Label} is out of reach.");
            int low = (int)(distance << 52 >> 52);
            int immediate = fixup.Kind switch
            {
                FixupKind.HighPart => (int)(distance - low),
                FixupKind.LowPart => low,
                _ => (int)distance,
            };
            BinaryPrimitives.WriteUInt32LittleEndian(place, Encoder.Encode(fixup.Instruction with { Imm = immediate }));
        }

        return image;
    }

    private static ushort EncodeCompressed(in Instruction instruction)
    {
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.IsCompressed && row.Op == instruction.Op && Encoder.TryEncode(row, instruction, out uint word) && Decoder.Full.Find(word) == row) return (ushort)word;
        }

        throw new ArgumentException($"No compressed encoding of {instruction}.", nameof(instruction));
    }

    private readonly record struct Fixup(int Offset, FixupKind Kind, string Label, Instruction Instruction);
}
