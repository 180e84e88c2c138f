// RV64I 2.1, M 2.0, Zba, Zbb, Zbs 1.0, Zbkb 1.0, Zicond 1.0: RISC-V Unprivileged ISA.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>Everything that computes an x register from x registers and constants. The caller drops those with destination x0.</summary>
internal static class IntegerTranslator
{
    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryTranslate(in Instruction i, Emission e)
    {
        switch (i.Op)
        {
            case Op.Lui: Move(i, e, e.Constant(i.Imm), IrType.I64); break;
            case Op.Auipc: AddUpperToPc(i, e); break;

            case Op.Addi: AddImmediate(i, e); break;
            case Op.Slti: SetImmediate(i, e, IrCondition.LessSigned); break;
            case Op.Sltiu when i.Imm == 1: Set(i, e, IrCondition.Equal, e.Read(i.Rs1), e.Zero); break;
            case Op.Sltiu: SetImmediate(i, e, IrCondition.LessUnsigned); break;
            case Op.Xori: Immediate(i, e, IrOpcode.Xor); break;
            case Op.Ori: Immediate(i, e, IrOpcode.Or); break;
            case Op.Andi when i.Imm == 255: Move(i, e, e.Read(i.Rs1), IrType.U8); break;
            case Op.Andi: Immediate(i, e, IrOpcode.And); break;
            case Op.Slli: Immediate(i, e, IrOpcode.Shl); break;
            case Op.Srli: Immediate(i, e, IrOpcode.Shr); break;
            case Op.Srai: Immediate(i, e, IrOpcode.Sar); break;

            case Op.Add when i.Rs1 == 0: Move(i, e, e.Read(i.Rs2), IrType.I64); break;
            case Op.Add: Binary(i, e, IrOpcode.Add); break;
            case Op.Sub: Binary(i, e, IrOpcode.Sub); break;
            case Op.Sll: Binary(i, e, IrOpcode.Shl); break;
            case Op.Slt: Set(i, e, IrCondition.LessSigned, e.Read(i.Rs1), e.Read(i.Rs2)); break;
            case Op.Sltu when i.Rs1 == 0: Set(i, e, IrCondition.NotEqual, e.Read(i.Rs2), e.Zero); break;
            case Op.Sltu: Set(i, e, IrCondition.LessUnsigned, e.Read(i.Rs1), e.Read(i.Rs2)); break;
            case Op.Xor: Binary(i, e, IrOpcode.Xor); break;
            case Op.Srl: Binary(i, e, IrOpcode.Shr); break;
            case Op.Sra: Binary(i, e, IrOpcode.Sar); break;
            case Op.Or: Binary(i, e, IrOpcode.Or); break;
            case Op.And: Binary(i, e, IrOpcode.And); break;

            case Op.Addiw when i.Imm == 0: Move(i, e, e.Read(i.Rs1), IrType.S32); break;
            case Op.Addiw: Immediate(i, e, IrOpcode.Add, IrType.S32); break;
            case Op.Slliw: Immediate(i, e, IrOpcode.Shl, IrType.S32); break;
            case Op.Srliw: Immediate(i, e, IrOpcode.Shr, IrType.S32); break;
            case Op.Sraiw: Immediate(i, e, IrOpcode.Sar, IrType.S32); break;
            case Op.Addw: Binary(i, e, IrOpcode.Add, IrType.S32); break;
            case Op.Subw: Binary(i, e, IrOpcode.Sub, IrType.S32); break;
            case Op.Sllw: Binary(i, e, IrOpcode.Shl, IrType.S32); break;
            case Op.Srlw: Binary(i, e, IrOpcode.Shr, IrType.S32); break;
            case Op.Sraw: Binary(i, e, IrOpcode.Sar, IrType.S32); break;

            case Op.Mul: Binary(i, e, IrOpcode.Mul); break;
            case Op.Mulh: Binary(i, e, IrOpcode.MulHighS); break;
            case Op.Mulhsu: Binary(i, e, IrOpcode.MulHighSU); break;
            case Op.Mulhu: Binary(i, e, IrOpcode.MulHighU); break;
            case Op.Div: Binary(i, e, IrOpcode.DivS); break;
            case Op.Divu: Binary(i, e, IrOpcode.DivU); break;
            case Op.Rem: Binary(i, e, IrOpcode.RemS); break;
            case Op.Remu: Binary(i, e, IrOpcode.RemU); break;
            case Op.Mulw: Binary(i, e, IrOpcode.Mul, IrType.S32); break;
            case Op.Divw: Binary(i, e, IrOpcode.DivS, IrType.S32); break;
            case Op.Divuw: Binary(i, e, IrOpcode.DivU, IrType.S32); break;
            case Op.Remw: Binary(i, e, IrOpcode.RemS, IrType.S32); break;
            case Op.Remuw: Binary(i, e, IrOpcode.RemU, IrType.S32); break;

            case Op.AddUw: ShiftAdd(i, e, 0, IrType.U32); break;
            case Op.Sh1add: ShiftAdd(i, e, 1, IrType.I64); break;
            case Op.Sh2add: ShiftAdd(i, e, 2, IrType.I64); break;
            case Op.Sh3add: ShiftAdd(i, e, 3, IrType.I64); break;
            case Op.Sh1addUw: ShiftAdd(i, e, 1, IrType.U32); break;
            case Op.Sh2addUw: ShiftAdd(i, e, 2, IrType.U32); break;
            case Op.Sh3addUw: ShiftAdd(i, e, 3, IrType.U32); break;
            case Op.SlliUw: e.Emit(IrOpcode.Shl, IrOperand.Slot(i.Rd), e.Compute(IrOpcode.Mov, e.Read(i.Rs1), type: IrType.U32), e.Constant(i.Imm)); break;

            case Op.Andn: Binary(i, e, IrOpcode.AndNot); break;
            case Op.Orn: Binary(i, e, IrOpcode.OrNot); break;
            case Op.Xnor: Binary(i, e, IrOpcode.XorNot); break;
            case Op.Clz: Unary(i, e, IrOpcode.Clz); break;
            case Op.Ctz: Unary(i, e, IrOpcode.Ctz); break;
            case Op.Cpop: Unary(i, e, IrOpcode.Popcount); break;
            case Op.Clzw: Unary(i, e, IrOpcode.Clz, IrType.U32); break;
            case Op.Ctzw: Unary(i, e, IrOpcode.Ctz, IrType.U32); break;
            case Op.Cpopw: Unary(i, e, IrOpcode.Popcount, IrType.U32); break;
            case Op.SextB: Move(i, e, e.Read(i.Rs1), IrType.S8); break;
            case Op.SextH: Move(i, e, e.Read(i.Rs1), IrType.S16); break;
            case Op.ZextH: Move(i, e, e.Read(i.Rs1), IrType.U16); break;
            case Op.Max: Binary(i, e, IrOpcode.MaxS); break;
            case Op.Maxu: Binary(i, e, IrOpcode.MaxU); break;
            case Op.Min: Binary(i, e, IrOpcode.MinS); break;
            case Op.Minu: Binary(i, e, IrOpcode.MinU); break;
            case Op.Rol: Binary(i, e, IrOpcode.Rol); break;
            case Op.Rolw: Binary(i, e, IrOpcode.Rol, IrType.S32); break;
            case Op.Ror: Binary(i, e, IrOpcode.Ror); break;
            case Op.Rorw: Binary(i, e, IrOpcode.Ror, IrType.S32); break;
            case Op.Rori: Immediate(i, e, IrOpcode.Ror); break;
            case Op.Roriw: Immediate(i, e, IrOpcode.Ror, IrType.S32); break;
            case Op.OrcB: OrCombine(i, e); break;
            case Op.Clmul when e.HasCarryless: Binary(i, e, IrOpcode.MulCarryless); break;
            case Op.Clmulh when e.HasCarryless: Binary(i, e, IrOpcode.MulCarrylessHigh); break;
            case Op.Clmulr when e.HasCarryless: MultiplyReversed(i, e); break;
            case Op.Brev8: ReverseBits(i, e); break;
            case Op.Rev8: Unary(i, e, IrOpcode.ByteSwap); break;

            case Op.Bclr: Binary(i, e, IrOpcode.BitClear); break;
            case Op.Bclri: Immediate(i, e, IrOpcode.BitClear); break;
            case Op.Bext: Binary(i, e, IrOpcode.BitTest); break;
            case Op.Bexti: Immediate(i, e, IrOpcode.BitTest); break;
            case Op.Binv: Binary(i, e, IrOpcode.BitFlip); break;
            case Op.Binvi: Immediate(i, e, IrOpcode.BitFlip); break;
            case Op.Bset: Binary(i, e, IrOpcode.BitSet); break;
            case Op.Bseti: Immediate(i, e, IrOpcode.BitSet); break;

            case Op.CzeroEqz: e.Region.Emit(IrOpcode.Select, d: IrOperand.Slot(i.Rd), a: e.Read(i.Rs2), b: e.Read(i.Rs1), c: e.Zero); break;
            case Op.CzeroNez: e.Region.Emit(IrOpcode.Select, d: IrOperand.Slot(i.Rd), a: e.Read(i.Rs2), b: e.Zero, c: e.Read(i.Rs1)); break;

            case Op.Pack: Pack(i, e, IrType.U32, 32, IrType.I64); break;
            case Op.Packh: Pack(i, e, IrType.U8, 8, IrType.I64); break;
            case Op.Packw: Pack(i, e, IrType.U16, 16, IrType.S32); break;
            default: return false;
        }

        return true;
    }

    private static void Binary(in Instruction i, Emission e, IrOpcode code, IrType type = IrType.I64) =>
        e.Emit(code, IrOperand.Slot(i.Rd), e.Read(i.Rs1), e.Read(i.Rs2), type);

    private static void Immediate(in Instruction i, Emission e, IrOpcode code, IrType type = IrType.I64) =>
        e.Emit(code, IrOperand.Slot(i.Rd), e.Read(i.Rs1), e.Constant(i.Imm), type);

    private static void Unary(in Instruction i, Emission e, IrOpcode code, IrType type = IrType.I64) =>
        e.Emit(code, IrOperand.Slot(i.Rd), e.Read(i.Rs1), type: type);

    private static void Move(in Instruction i, Emission e, IrOperand value, IrType type) => e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), value, type: type);

    private static void Set(in Instruction i, Emission e, IrCondition condition, IrOperand a, IrOperand b) =>
        e.Region.Emit(IrOpcode.Set, d: IrOperand.Slot(i.Rd), a: a, b: b, detail: (byte)condition);

    private static void SetImmediate(in Instruction i, Emission e, IrCondition condition) => Set(i, e, condition, e.Read(i.Rs1), e.Constant(i.Imm));

    private static void AddUpperToPc(in Instruction i, Emission e)
    {
        long distance = e.Distance + (long)i.Imm;
        e.Emit(IrOpcode.Add, IrOperand.Slot(i.Rd), e.Pc, e.Constant(distance));
        e.SetAddress(i.Rd, distance);
    }

    private static void AddImmediate(in Instruction i, Emission e)
    {
        if (i.Rs1 == 0) Move(i, e, e.Constant(i.Imm), IrType.I64);
        else if (i.Imm == 0) Move(i, e, e.Read(i.Rs1), IrType.I64);
        else Immediate(i, e, IrOpcode.Add);
    }

    private static void ShiftAdd(in Instruction i, Emission e, int shift, IrType type) =>
        e.Region.Emit(IrOpcode.ShlAdd, type, IrOperand.Slot(i.Rd), e.Read(i.Rs1), e.Read(i.Rs2), e.Constant(shift));

    /// <summary>The low parts of rs1 and rs2 beside each other.</summary>
    private static void Pack(in Instruction i, Emission e, IrType part, int bits, IrType result)
    {
        IrOperand low = e.Compute(IrOpcode.Mov, e.Read(i.Rs1), type: part);
        IrOperand high = e.Compute(IrOpcode.Shl, e.Compute(IrOpcode.Mov, e.Read(i.Rs2), type: part), e.Constant(bits));
        e.Emit(IrOpcode.Or, IrOperand.Slot(i.Rd), low, high, result);
    }

    /// <summary>orc.b: the sum carries into a byte's highest bit unless its low seven are zero; that bit then becomes the whole byte.</summary>
    private static void OrCombine(in Instruction i, Emission e)
    {
        const long Low = 0x7f7f_7f7f_7f7f_7f7f;
        IrOperand a = e.Read(i.Rs1);
        IrOperand sum = e.Compute(IrOpcode.Add, e.Compute(IrOpcode.And, a, e.Constant(Low)), e.Constant(Low));
        IrOperand high = e.Compute(IrOpcode.AndNot, e.Compute(IrOpcode.Or, sum, a), e.Constant(Low));
        e.Emit(IrOpcode.Mul, IrOperand.Slot(i.Rd), e.Compute(IrOpcode.Shr, high, e.Constant(7)), e.Constant(0xff));
    }

    /// <summary>Bits 126 to 63 of the product.</summary>
    private static void MultiplyReversed(in Instruction i, Emission e)
    {
        IrOperand a = e.Read(i.Rs1), b = e.Read(i.Rs2);
        IrOperand low = e.Compute(IrOpcode.Shr, e.Compute(IrOpcode.MulCarryless, a, b), e.Constant(63));
        IrOperand high = e.Compute(IrOpcode.Shl, e.Compute(IrOpcode.MulCarrylessHigh, a, b), e.Constant(1));
        e.Emit(IrOpcode.Or, IrOperand.Slot(i.Rd), high, low);
    }

    /// <summary>The bits of each byte in the opposite order: neighbours change places, then pairs, then halves.</summary>
    private static void ReverseBits(in Instruction i, Emission e)
    {
        IrOperand value = e.Read(i.Rs1);
        foreach ((int distance, long mask) in ((int, long)[])[(1, 0x5555_5555_5555_5555), (2, 0x3333_3333_3333_3333), (4, 0x0f0f_0f0f_0f0f_0f0f)])
        {
            IrOperand up = e.Compute(IrOpcode.Shl, e.Compute(IrOpcode.And, value, e.Constant(mask)), e.Constant(distance));
            IrOperand down = e.Compute(IrOpcode.And, e.Compute(IrOpcode.Shr, value, e.Constant(distance)), e.Constant(mask));
            if (distance == 4) e.Emit(IrOpcode.Or, IrOperand.Slot(i.Rd), up, down);
            else value = e.Compute(IrOpcode.Or, up, down);
        }
    }
}
