using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Programs;

/// <summary>Makes random <see cref="Block"/>s from the rows of the instruction table.</summary>
internal sealed class BlockGenerator
{
    // Registers that programs keep for themselves.
    public const int Log = 31, Scratch = 30, Pool = 29, Counter = 28;

    /// <summary>Bytes of the scratch area; <see cref="Scratch"/> points to its middle.</summary>
    public const int ScratchBytes = 4096;

    /// <summary>Values in the pool, eight bytes each.</summary>
    public const int PoolEntries = 256;

    private const uint Reserved = 0xf000_0000;

    private readonly Random _random;
    private readonly InstructionRow[] _simple, _memory, _branches, _atomics, _compressedJumps;
    private readonly InstructionChoice _set;
    private readonly bool _hasFloat;
    private readonly bool _hasDouble;
    private List<uint> _code = [];
    private uint _writtenX, _writtenF;
    private bool _touchesFlags;

    /// <param name="random">The source of everything.</param>
    /// <param name="set">The instructions to use.</param>
    public BlockGenerator(Random random, InstructionChoice set)
    {
        _random = random;
        _set = set;
        IReadOnlyList<InstructionRow> rows = set.Rows;
        InstructionRow[] weighted = [.. rows.Where(r => r.Op != Op.Illegal).SelectMany(r => Enumerable.Repeat(r, set.Favoured(r) ? 12 : 1))];
        _simple = [.. weighted.Where(IsSimple)];
        _memory = [.. weighted.Where(r => MemoryAccess.SizeOf(r.Op) > 0 && r.Extension != Extension.A)];
        _branches = [.. weighted.Where(r => r.Op is Op.Beq or Op.Bne or Op.Blt or Op.Bge or Op.Bltu or Op.Bgeu)];
        _atomics = [.. weighted.Where(r => r.Extension == Extension.A)];
        _compressedJumps = [.. weighted.Where(r => r.IsCompressed && r.Op is Op.Jal or Op.Jalr)];
        _hasFloat = rows.Any(r => r.Op == Op.FaddS);
        _hasDouble = rows.Any(r => r.Op == Op.Fld);
    }

    public Block Next()
    {
        (_code, _writtenX, _writtenF, _touchesFlags) = ([], 0, 0, false);
        switch (_random.Next(100))
        {
            case < 52: Simple(); break;
            case < 66: Memory(); break;
            case < 74: LoadFromPool(); break;
            case < 79 when _atomics.Length > 0: Atomic(); break;
            case < 84: Skip(); break;
            case < 88: Loop(); break;
            case < 90: BackwardJump(); break;
            case < 92: IndirectJump(); break;
            case < 94 when _compressedJumps.Length > 0: CompressedJump(); break;
            case < 98 when _hasFloat: FloatState(); break;
            default: Simple(); break;
        }

        return new([.. _code], _writtenX & ~1u, _writtenF, _touchesFlags);
    }

    /// <summary>Whether all that the instruction needs are register values.</summary>
    public static bool IsSimple(InstructionRow row) =>
        row.Extension is not (Extension.Privileged or Extension.Svinval or Extension.Zicsr or Extension.A or Extension.Zicbom or Extension.Zicboz)
        && MemoryAccess.SizeOf(row.Op) == 0
        && row.Op is not (Op.Ecall or Op.Ebreak or Op.Jal or Op.Jalr or Op.Beq or Op.Bne or Op.Blt or Op.Bge or Op.Bltu or Op.Bgeu or Op.Illegal or Op.None);

    private void Simple()
    {
        int count = _random.Next(1, 4);
        for (int i = 0; i < count; i++) SimpleInstruction();
    }

    private void SimpleInstruction() => Emit(Pick(_simple));

    private void Memory()
    {
        InstructionRow row = Pick(_memory);
        int size = MemoryAccess.SizeOf(row.Op);
        int immediate = RandomImmediate(row);
        if (size == 64)
        {
            // A cache block: any address in it will do.
            Instruction block = Operands(row);
            int register = PickAddress(row.Rs1);
            Address(register, _random.Next(-2048, 2048 - 64));
            Emit(row, block with { Rs1 = (byte)register });
            return;
        }

        int offset = _random.Next(-2040, 2032);
        if (_random.Next(4) != 0) offset &= -size;
        offset = Math.Clamp(offset, immediate - 2048, immediate + 2047);
        offset = Math.Clamp(offset, -2048, 2047 - size);
        Instruction access = Operands(row) with { Imm = immediate };
        int based = row.Rs1.Exists ? PickAddress(row.Rs1) : row.ImpliedRs1;
        if (row.Rs1.Exists && row.Rs1.Width == 5 && _random.Next(3) == 0 && immediate >= -2048 && immediate <= 2040) based = Scratch;
        else Address(based, offset - immediate);
        Emit(row, access with { Rs1 = (byte)based });
    }

    private void LoadFromPool()
    {
        int offset = _random.Next(PoolEntries) * 8;
        bool toFloat = _hasFloat && _random.Next(2) == 0;
        Op op = toFloat ? (_hasDouble ? Op.Fld : Op.Flw) : Op.Ld;
        InstructionRow row = InstructionTable.Of(op);
        Emit(row, Operands(row) with { Rs1 = Pool, Imm = offset });
    }

    private void Atomic()
    {
        InstructionRow row = Pick(_atomics);
        int size = row.Mnemonic.Contains(".w", StringComparison.Ordinal) ? 4 : 8;
        int address = PickAddress(row.Rs1);
        int offset = _random.Next(-2040, 2040) & -size;
        Address(address, offset);
        if (row.Op is not (Op.LrW or Op.LrD or Op.ScW or Op.ScD))
        {
            Emit(row, Operands(row) with { Rs1 = (byte)address });
            return;
        }

        // A reservation, something harmless, and a store that succeeds, fails for want of a reservation, or fails for another address.
        InstructionRow load = InstructionTable.Of(size == 4 ? Op.LrW : Op.LrD), store = InstructionTable.Of(size == 4 ? Op.ScW : Op.ScD);
        int kind = _random.Next(6);
        if (kind != 0) Emit(load, Operands(load) with { Rs1 = (byte)address, Rd = (byte)Other(address) });
        if (_random.Next(2) == 0) Emit(InstructionTable.Of(Op.Xori), new(Op.Xori, (byte)Other(address), (byte)_random.Next(32), 0, 0, 0, 4, _random.Next(-2048, 2048)));
        if (kind == 1) Address(address, offset < 0 ? offset + 1024 : offset - 1024);
        Emit(store, Operands(store) with { Rs1 = (byte)address });

        // The reservation is gone, whether the store succeeded or not.
        if (_random.Next(3) == 0)
        {
            Address(address, offset);
            Emit(store, Operands(store) with { Rs1 = (byte)address });
        }
    }

    private void Skip()
    {
        List<uint> skipped = Aside(() => Simple());
        int length = Length(skipped);
        if (_random.Next(5) == 0)
        {
            Emit(InstructionTable.Of(Op.Jal), new(Op.Jal, (byte)PickX(InstructionTable.Of(Op.Jal).Rd, writable: true), 0, 0, 0, 0, 4, 4 + length));
        }
        else
        {
            InstructionRow row = Pick(_branches);
            Instruction branch = Operands(row) with { Imm = row.Length + length };
            if (row.Rs2.Exists && _random.Next(4) == 0) branch = branch with { Rs2 = branch.Rs1 };
            Emit(row, branch);
        }

        _code.AddRange(skipped);
    }

    private void Loop()
    {
        Emit(InstructionTable.Of(Op.Addi), new(Op.Addi, Counter, 0, 0, 0, 0, 4, _random.Next(1, 9)));
        List<uint> body = Aside(() =>
        {
            Simple();
            if (_random.Next(2) == 0) Memory();
            if (_random.Next(3) == 0) Skip();
        });
        _code.AddRange(body);
        Emit(InstructionTable.Of(Op.Addi), new(Op.Addi, Counter, Counter, 0, 0, 0, 4, -1));
        Emit(InstructionTable.Of(Op.Bne), new(Op.Bne, 0, Counter, 0, 0, 0, 4, -4 - Length(body)));
    }

    private void BackwardJump()
    {
        InstructionRow jump = InstructionTable.Of(Op.Jal);
        List<uint> body = Aside(Simple);
        int length = Length(body);
        Emit(jump, new(Op.Jal, (byte)PickX(jump.Rd, writable: true), 0, 0, 0, 0, 4, 8 + length));
        _code.AddRange(body);
        Emit(jump, new(Op.Jal, (byte)PickX(jump.Rd, writable: true), 0, 0, 0, 0, 4, 8));
        Emit(jump, new(Op.Jal, (byte)PickX(jump.Rd, writable: true), 0, 0, 0, 0, 4, -4 - length));
    }

    private void IndirectJump()
    {
        InstructionRow jump = InstructionTable.Of(Op.Jalr);
        List<uint> body = Aside(Simple);
        int target = PickAddress(jump.Rs1);
        Emit(InstructionTable.Of(Op.Auipc), new(Op.Auipc, (byte)target, 0, 0, 0, 0, 4, 0));

        // The lowest bit of the sum is cleared.
        Emit(jump, new(Op.Jalr, (byte)PickX(jump.Rd, writable: true), (byte)target, 0, 0, 0, 4, 8 + Length(body) + _random.Next(2)));
        _code.AddRange(body);
    }

    private void CompressedJump()
    {
        InstructionRow row = Pick(_compressedJumps);
        List<uint> body = Aside(Simple);
        if (row.Op == Op.Jal)
        {
            Emit(row, new(Op.Jal, 0, 0, 0, 0, 0, 2, 2 + Length(body)));
        }
        else
        {
            int target = PickAddress(row.Rs1);
            Emit(InstructionTable.Of(Op.Auipc), new(Op.Auipc, (byte)target, 0, 0, 0, 0, 4, 0));
            Emit(InstructionTable.Of(Op.Addi), new(Op.Addi, (byte)target, (byte)target, 0, 0, 0, 4, 10 + Length(body)));
            Emit(row, new(Op.Jalr, row.ImpliedRd, (byte)target, 0, 0, 0, 2, 0));
        }

        _code.AddRange(body);
    }

    private void FloatState()
    {
        InstructionRow row = Pick([.. new[] { Op.Csrrw, Op.Csrrs, Op.Csrrc, Op.Csrrwi, Op.Csrrsi, Op.Csrrci }.Select(InstructionTable.Of)]);
        Instruction access = Operands(row);
        bool writesAll = row.Op is Op.Csrrw or Op.Csrrwi;
        int csr = writesAll ? _random.Next(1, 4) : 1;
        if (csr != 1 && row.Op == Op.Csrrw)
        {
            // Reserved rounding modes would make the instructions after it illegal.
            byte source = (byte)PickX(row.Rs1, writable: true);
            if (source == 0) source = 5;
            int mode = _random.Next(5);
            Emit(InstructionTable.Of(Op.Addi), new(Op.Addi, source, 0, 0, 0, 0, 4, csr == 2 ? mode : (mode << 5) | _random.Next(32)));
            access = access with { Rs1 = source };
        }
        else if (row.Op == Op.Csrrwi && csr == 2)
        {
            access = access with { Rs1 = (byte)_random.Next(5) };
        }

        _touchesFlags = true;
        Emit(row, access with { Imm = csr });
    }

    // Collects what is generated apart, without placing it.
    private List<uint> Aside(Action generate)
    {
        List<uint> outer = _code;
        _code = [];
        generate();
        List<uint> inner = _code;
        _code = outer;
        return inner;
    }

    private static int Length(List<uint> code) => code.Sum(w => (w & 3) == 3 ? 4 : 2);

    private void Address(int register, int offset) =>
        Emit(InstructionTable.Of(Op.Addi), new(Op.Addi, (byte)register, Scratch, 0, 0, 0, 4, offset));

    private void Emit(InstructionRow row)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            Instruction instruction = Operands(row);
            if (!Encoder.TryEncode(row, instruction, out uint word) || Decoder.Full.Find(word) != row) continue;
            Emit(row, instruction);
            if (_set.NeedsUse(row)) Emit(InstructionTable.Of(Op.Fsd), new(Op.Fsd, 0, Scratch, instruction.Rd, 0, 0, 4, _random.Next(-256, 255) * 8));
            return;
        }

        throw new InvalidOperationException($"no operands found for {row}");
    }

    private void Emit(InstructionRow row, in Instruction instruction)
    {
        if (!Encoder.TryEncode(row, instruction, out uint word) || Decoder.Full.Find(word) != row) throw new InvalidOperationException($"{row} cannot encode {instruction}");
        _code.Add(word);
        InstructionRow whole = InstructionTable.Of(row.Op);
        if (whole.Rd.Kind == OperandKind.X) _writtenX |= 1u << instruction.Rd;
        if (whole.Rd.Kind == OperandKind.F) _writtenF |= 1u << instruction.Rd;
        if (row.Extension is Extension.F or Extension.D or Extension.Zfh or Extension.Zfa) _touchesFlags = true;
    }

    /// <summary>Random operands of a row that touch nothing that programs reserve.</summary>
    private Instruction Operands(InstructionRow row)
    {
        byte rd = row.Rd.Exists ? (byte)(row.Rd.Kind == OperandKind.F ? PickF(row.Rd) : PickX(row.Rd, writable: true)) : row.ImpliedRd;
        if (rd == 0 && row.Rd.Kind == OperandKind.X && row.IsCompressed && MemoryAccess.SizeOf(row.Op) > 0) rd = 5; // reserved
        bool tied = row.Rd.Exists && row.Rs1.Exists && row.Rd.Shift == row.Rs1.Shift;
        byte rs1 = tied ? rd : row.Rs1.Kind switch
        {
            OperandKind.X => (byte)PickX(row.Rs1, writable: false),
            OperandKind.F => (byte)PickF(row.Rs1),
            OperandKind.Number => (byte)_random.Next(32),
            _ => row.ImpliedRs1,
        };
        byte rs2 = row.Rs2.Kind == OperandKind.F ? (byte)PickF(row.Rs2) : row.Rs2.Exists ? (byte)PickX(row.Rs2, writable: false) : (byte)0;
        byte rs3 = row.Rs3.Exists ? (byte)PickF(row.Rs3) : (byte)0;
        byte rm = row.IsRounded ? (byte)(_random.Next(2) == 0 ? 7 : _random.Next(5)) : row.IsOrdered ? (byte)_random.Next(4) : (byte)0;
        return new(row.Op, rd, rs1, rs2, rs3, rm, (byte)row.Length, row.HasImmediate ? RandomImmediate(row) : row.ImpliedImmediate);
    }

    private int RandomImmediate(InstructionRow row)
    {
        if (!row.HasImmediate) return row.ImpliedImmediate;
        int value = 0;
        bool dense = _random.Next(2) == 0;
        foreach (int bit in row.Format.Immediate.Bits)
        {
            if (dense ? _random.Next(2) == 0 : _random.Next(4) == 0) value |= 1 << bit;
        }

        int unused = 31 - row.Format.Immediate.HighestBit;
        return row.Format.Immediate.Signed ? value << unused >> unused : value;
    }

    private int PickX(RegisterField field, bool writable)
    {
        while (true)
        {
            int register = field.Width == 3 ? _random.Next(8, 16) : _random.Next(32);
            if (!writable) return register;
            if ((Reserved >> register & 1) != 0) continue;
            if (register == 0 && _random.Next(4) != 0) continue;
            return register;
        }
    }

    private int PickAddress(RegisterField field)
    {
        int register = PickX(field, writable: true);
        return register == 0 ? 5 : register;
    }

    // Few registers, so that values meet.
    private int PickF(RegisterField field) => field.Width == 3 ? _random.Next(8, 16) : _random.Next(3) == 0 ? _random.Next(32) : _random.Next(8, 16);

    private int Other(int register)
    {
        int other = _random.Next(5, 28);
        return other == register ? 0 : other;
    }

    private T Pick<T>(T[] values) => values[_random.Next(values.Length)];
}
