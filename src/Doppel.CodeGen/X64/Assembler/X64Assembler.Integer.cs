using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Integer instructions. Results of 32 bits clear the upper half of a register; those of 8 and 16 keep what they do not write.</summary>
internal sealed partial class X64Assembler
{
    // Moves.

    public void Mov(OperandSize size, Gpr d, Rm s) => Sized(0x8A, size, (uint)d, s);

    public void Mov(OperandSize size, Rm d, Gpr s) => Sized(0x88, size, (uint)s, d);

    public void Mov(OperandSize size, Gpr d, Gpr s) => Registers(0x88, size, s, d);

    /// <summary>A constant, sign-extended to 64 bits.</summary>
    public void MovImm(OperandSize size, Rm d, int value)
    {
        Group(0xC6, size, 0, d);
        Imm(size, value);
    }

    /// <summary>A constant of 64 bits in the shortest way that leaves the flags alone.</summary>
    public void MovConstant(Gpr d, long value)
    {
        if (value == (uint)value)
        {
            if (d < Gpr.R8) Short(0xB8 | (ulong)d | (ulong)value << 8, 5);
            else Short(0xB841 | ((ulong)d & 7) << 8 | (ulong)value << 16, 6);
        }
        else if (value == (int)value)
        {
            MovImm(OperandSize.Qword, d, (int)value);
        }
        else
        {
            Reserve();
            Put64(0xB848u | (uint)d >> 3 | ((uint)d & 7) << 8);
            _position += 2;
            Put64((ulong)value);
            _position += 8;
        }
    }

    /// <summary>Zero in two or three bytes; changes the flags.</summary>
    public void Zero(Gpr d) => Alu(AluOp.Xor, OperandSize.Dword, d, d);

    /// <summary>Zero-extends to 64 bits.</summary>
    public void Movzx(Gpr d, OperandSize from, Rm s)
    {
        switch (from)
        {
            case OperandSize.Byte:
                Encode(Map0F | 0xB6 | ByteRex(s), (uint)d, s.Bits, s.Displacement);
                break;
            case OperandSize.Word:
                Encode(Map0F | 0xB7, (uint)d, s.Bits, s.Displacement);
                break;
            default:
                Mov(from, d, s);
                break;
        }
    }

    /// <summary>Sign-extends to 32 (then the upper half is zero) or 64 bits.</summary>
    public void Movsx(OperandSize to, Gpr d, OperandSize from, Rm s)
    {
        uint w = WideIf(to);
        switch (from)
        {
            case OperandSize.Byte:
                Encode(w | Map0F | 0xBE | ByteRex(s), (uint)d, s.Bits, s.Displacement);
                break;
            case OperandSize.Word:
                Encode(w | Map0F | 0xBF, (uint)d, s.Bits, s.Displacement);
                break;
            case OperandSize.Dword when to == OperandSize.Qword:
                Encode(W | 0x63, (uint)d, s.Bits, s.Displacement);
                break;
            default:
                Mov(from, d, s);
                break;
        }
    }

    /// <summary>From 32 to 64 bits.</summary>
    public void Movsxd(Gpr d, Rm s)
    {
        if (IsPlain(s.Bits)) Wide(0x63, (uint)d, s.Bits, s.Displacement);
        else Encode(W | 0x63, (uint)d, s.Bits, s.Displacement);
    }

    /// <summary>Fills 64 bits.</summary>
    public void MovFilled(Filling filling, Gpr d, Rm s)
    {
        uint op = FillingOpcodes[(int)filling];
        if ((op & (W | MapMask)) == W && IsPlain(s.Bits)) Wide(op & 0xFF, (uint)d, s.Bits, s.Displacement);
        else Encode(op | (filling >= Filling.ZeroByte ? ByteRex(s) : 0), (uint)d, s.Bits, s.Displacement);
    }

    public void Lea(OperandSize size, Gpr d, Mem s) => Sized(0x8C, size, (uint)d, s);

    /// <summary>The sum of a register and a constant, 64 bits.</summary>
    public void Lea(Gpr d, Gpr @base, int displacement)
    {
        // Mostly a short displacement, and neither rsp nor r12, which need a SIB: four bytes.
        if (!IsSByte(displacement) || displacement == 0 || ((uint)@base & 7) == 4)
        {
            Lea(OperandSize.Qword, d, new Mem(@base, displacement));
            return;
        }

        uint rex = 0x48 | (uint)d >> 1 & 4 | (uint)@base >> 3;
        uint modrm = 0x40 | ((uint)d & 7) << 3 | (uint)@base & 7;
        Short(rex | 0x8D00 | modrm << 16 | (uint)(byte)displacement << 24, 4);
    }

    public void Cmovcc(Cc condition, OperandSize size, Gpr d, Rm s) => Sized((Map0F | 0x3F) + (uint)condition, size, (uint)d, s);

    /// <summary>0 or 1 in a byte; the rest of the register is kept.</summary>
    public void Setcc(Cc condition, Rm d) => Encode(Map0F | 0x90 | (uint)condition | ByteRex(d), 0, d.Bits, d.Displacement);

    public void Xchg(OperandSize size, Rm d, Gpr s) => Sized(0x86, size, (uint)s, d);

    public void Xadd(OperandSize size, Rm d, Gpr s) => Sized(Map0F | 0xC0, size, (uint)s, d);

    /// <summary>If rax equals d, d = s; else rax = d. The zero flag tells.</summary>
    public void Cmpxchg(OperandSize size, Rm d, Gpr s) => Sized(Map0F | 0xB0, size, (uint)s, d);

    /// <summary>32 or 64 bits.</summary>
    public void Bswap(OperandSize size, Gpr d) =>
        Short(((0x40 | WideIf(size) >> WShift << 3 | (uint)d >> 3) & 0xFF) | 0x0F00 | (0xC8 | (uint)d & 7) << 16, 3);

    // Arithmetic.

    public void Alu(AluOp op, OperandSize size, Gpr d, Rm s) => Sized((uint)op << 3 | 2, size, (uint)d, s);

    public void Alu(AluOp op, OperandSize size, Rm d, Gpr s) => Sized((uint)op << 3, size, (uint)s, d);

    public void Alu(AluOp op, OperandSize size, Gpr d, Gpr s) => Registers((uint)op << 3, size, s, d);

    public void Alu(AluOp op, OperandSize size, Gpr d, int value)
    {
        if (size >= OperandSize.Dword && IsSByte(value)) RegisterImm8(0x83, (uint)op, size, d, value);
        else Alu(op, size, (Rm)d, value);
    }

    /// <summary>With a constant that is sign-extended to 64 bits.</summary>
    public void Alu(AluOp op, OperandSize size, Rm d, int value)
    {
        if (size == OperandSize.Byte)
        {
            Group(0x80, size, (uint)op, d);
            Imm8(value);
        }
        else if (IsSByte(value))
        {
            Group(0x82, size, (uint)op, d);
            Imm8(value);
        }
        else if (d.Is(Gpr.Rax))
        {
            Reserve();
            AccumulatorPrefix(size, (uint)op << 3 | 5);
            Imm(size, value);
        }
        else
        {
            Group(0x80, size, (uint)op, d);
            Imm(size, value);
        }
    }

    public void Test(OperandSize size, Rm d, Gpr s) => Sized(0x84, size, (uint)s, d);

    public void Test(OperandSize size, Gpr d, Gpr s) => Registers(0x84, size, s, d);

    public void Test(OperandSize size, Gpr d, int value) => Test(size, (Rm)d, value);

    public void Test(OperandSize size, Rm d, int value)
    {
        Group(0xF6, size, 0, d);
        Imm(size, value);
    }

    public void Unary(UnaryOp op, OperandSize size, Rm d) => Group(0xF6, size, (uint)op, d);

    public void Not(OperandSize size, Rm d) => Unary(UnaryOp.Not, size, d);

    public void Neg(OperandSize size, Rm d) => Unary(UnaryOp.Neg, size, d);

    public void Inc(OperandSize size, Rm d) => Group(0xFE, size, 0, d);

    public void Dec(OperandSize size, Rm d) => Group(0xFE, size, 1, d);

    /// <summary>16 bits and more.</summary>
    public void Imul(OperandSize size, Gpr d, Rm s) => Sized(Map0F | 0xAE, size, (uint)d, s);

    /// <summary>16 bits and more.</summary>
    public void Imul(OperandSize size, Gpr d, Rm s, int value)
    {
        if (IsSByte(value))
        {
            Sized(0x6A, size, (uint)d, s);
            Imm8(value);
        }
        else
        {
            Sized(0x68, size, (uint)d, s);
            Imm(size, value);
        }
    }

    /// <summary>Sign-extends eax to edx:eax.</summary>
    public void Cdq() => Short(0x99, 1);

    /// <summary>Sign-extends rax to rdx:rax.</summary>
    public void Cqo() => Short(0x9948, 2);

    // Shifts and bits.

    public void Shift(ShiftOp op, OperandSize size, Rm d, int count)
    {
        if (count == 1)
        {
            Group(0xD0, size, (uint)op, d);
        }
        else
        {
            Group(0xC0, size, (uint)op, d);
            Imm8(count);
        }
    }

    /// <summary>32 or 64 bits of a register.</summary>
    public void Shift(ShiftOp op, OperandSize size, Gpr d, int count)
    {
        if (count != 1) RegisterImm8(0xC1, (uint)op, size, d, count);
        else Shift(op, size, (Rm)d, count);
    }

    /// <summary>By cl.</summary>
    public void ShiftCl(ShiftOp op, OperandSize size, Rm d) => Group(0xD2, size, (uint)op, d);

    /// <summary>16 bits and more. With memory, the bit may be anywhere: the register counts from the address on.</summary>
    public void Bit(BitOp op, OperandSize size, Rm d, Gpr bit) => Sized(Map0F | 0x82 | (uint)op << 3, size, (uint)bit, d);

    /// <summary>16 bits and more.</summary>
    public void Bit(BitOp op, OperandSize size, Gpr d, Gpr bit) => Bit(op, size, (Rm)d, bit);

    /// <summary>16 bits and more; the bit's number is taken modulo the size.</summary>
    public void Bit(BitOp op, OperandSize size, Rm d, int bit)
    {
        Group(Map0F | 0xB9, size, (uint)op, d);
        Imm8(bit);
    }

    /// <summary>16 bits and more. popcnt, lzcnt and tzcnt are features of their own: processors without them execute something else.</summary>
    public void Count(CountOp op, OperandSize size, Gpr d, Rm s)
    {
        System.Diagnostics.Debug.Assert(size >= OperandSize.Word);
        if (size == OperandSize.Word) Short(0x66, 1);
        uint opcode = op switch
        {
            CountOp.Popcnt => PF3 | 0xB8,
            CountOp.Lzcnt => PF3 | 0xBD,
            CountOp.Tzcnt => PF3 | 0xBC,
            CountOp.Bsf => 0xBC,
            _ => 0xBDu,
        };
        Encode(opcode | Map0F | WideIf(size), (uint)d, s.Bits, s.Displacement);
    }

    /// <summary>BMI2; 32 or 64 bits.</summary>
    public void Shiftx(ShiftxOp op, OperandSize size, Gpr d, Rm s, Gpr count) =>
        EncodeVex((uint)op << PrefixShift | Map0F38 | WideIf(size) | 0xF7, (uint)d, (uint)count, s.Bits, s.Displacement);

    /// <summary>BMI2; 32 or 64 bits.</summary>
    public void Rorx(OperandSize size, Gpr d, Rm s, int count)
    {
        EncodeVex(PF2 | Map0F3A | WideIf(size) | 0xF0, (uint)d, 0, s.Bits, s.Displacement);
        Imm8(count);
    }

    /// <summary>BMI1: ~a &amp; b; 32 or 64 bits.</summary>
    public void Andn(OperandSize size, Gpr d, Gpr a, Rm b) => EncodeVex(Map0F38 | WideIf(size) | 0xF2, (uint)d, (uint)a, b.Bits, b.Displacement);

    /// <summary>BMI2: high:low = rdx × s, unsigned; 32 or 64 bits.</summary>
    public void Mulx(OperandSize size, Gpr high, Gpr low, Rm s) => EncodeVex(PF2 | Map0F38 | WideIf(size) | 0xF6, (uint)high, (uint)low, s.Bits, s.Displacement);

    /// <summary>By <see cref="Filling"/>: a table, since nobody can predict which one it is.</summary>
    private static ReadOnlySpan<ushort> FillingOpcodes =>
    [
        (ushort)(W | 0x8B), 0x8B, (ushort)(W | 0x63), (ushort)(Map0F | 0xB7), (ushort)(W | Map0F | 0xBF), (ushort)(Map0F | 0xB6), (ushort)(W | Map0F | 0xBE),
    ];

    private static uint WideIf(OperandSize size) => size == OperandSize.Qword ? W : 0;

    /// <summary>The REX prefix that a byte register needs.</summary>
    private static uint ByteRex(Rm operand) => operand.Bits - 4 < 4 ? Rex : 0;

    /// <summary>An instruction in its usual family: the opcode given is that for bytes, the next one is for the other sizes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Sized(uint opcode, OperandSize size, uint reg, Rm rm) =>
        Group(size == OperandSize.Byte && reg - 4 < 4 ? opcode | Rex : opcode, size, reg, rm);

    /// <summary>As <see cref="Sized"/>, of two registers: by far the most frequent form, and short.</summary>
    private void Registers(uint opcode, OperandSize size, Gpr reg, Gpr rm)
    {
        if (size < OperandSize.Dword)
        {
            Sized(opcode, size, (uint)reg, rm);
            return;
        }

        ulong bytes = opcode + 1 | (0xC0 | ((uint)reg & 7) << 3 | (uint)rm & 7) << 8;
        uint rex = (size == OperandSize.Qword ? 8u : 0) | (uint)reg >> 1 & 4 | (uint)rm >> 3;
        if (rex != 0) Short(bytes << 8 | 0x40 | rex, 3);
        else Short(bytes, 2);
    }

    /// <summary>An instruction of 32 or 64 bits on a register with a constant of 8 bits.</summary>
    private void RegisterImm8(uint opcode, uint extension, OperandSize size, Gpr d, int value)
    {
        uint bytes = opcode | (0xC0 | extension << 3 | (uint)d & 7) << 8 | (uint)(byte)value << 16;
        uint rex = (size == OperandSize.Qword ? 8u : 0) | (uint)d >> 3;
        if (rex != 0) Short((ulong)bytes << 8 | 0x40 | rex, 4);
        else Short(bytes, 3);
    }

    /// <summary>The same with a number that belongs to the opcode in place of the register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Group(uint opcode, OperandSize size, uint extension, Rm rm)
    {
        if (size == OperandSize.Qword && opcode < Map0F && IsPlain(rm.Bits))
        {
            Wide(opcode + 1, extension, rm.Bits, rm.Displacement);
            return;
        }

        // Without a branch, since the sizes of accesses follow each other as they like.
        uint op = (size == OperandSize.Byte ? opcode : opcode + 1)
            | (size == OperandSize.Byte ? ByteRex(rm) : 0)
            | (size == OperandSize.Word ? P66 : 0)
            | (size == OperandSize.Qword ? W : 0);
        Encode(op, extension, rm.Bits, rm.Displacement);
    }

    /// <summary>The short forms with a constant for ax, eax and rax.</summary>
    private void AccumulatorPrefix(OperandSize size, uint opcode)
    {
        switch (size)
        {
            case OperandSize.Word:
                Short(0x66 | opcode << 8, 2);
                break;
            case OperandSize.Dword:
                Short(opcode, 1);
                break;
            default:
                Short(0x48 | opcode << 8, 2);
                break;
        }
    }
}
