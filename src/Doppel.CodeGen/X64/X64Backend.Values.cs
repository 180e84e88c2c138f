using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Where values are. Registers are numbered as in <see cref="X64Homes"/>. The scratch registers are rax, rcx, rdx, xmm0 and xmm1: each is free, or holds a temporary, or
/// is locked, which means that the present operation uses it.
/// </summary>
public sealed partial class X64Backend
{
    private const uint ScratchGprs = 1u << (int)Gpr.Rax | 1u << (int)Gpr.Rcx | 1u << (int)Gpr.Rdx;
    private const uint ScratchXmms = 3u << X64Homes.FirstXmm;
    private const int NoPlace = -1;

    /// <summary>The first temporary's <see cref="IrOperand.Place"/>.</summary>
    private const int FirstTemp = 1 + IrOperand.Slots;

    /// <summary>By <see cref="IrOperand.Place"/>: the register or <see cref="NoPlace"/>; of slots, the home.</summary>
    private int[] _places;

    /// <summary>Registers that hold a temporary, and those that the present operation uses.</summary>
    private uint _busy;
    private uint _locked;

    /// <summary>The number of the register that holds a slot or temporary, or −1: then it is in memory, or a constant. Of copies, see <see cref="CopyOf"/>, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int RegisterOf(IrOperand operand)
    {
        int register = PlaceOf(operand);
        return _copies != 0 && register == NoPlace && operand.IsSlot ? CopyOf(operand.Number) : register;
    }

    /// <summary>The same, but not of copies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int PlaceOf(IrOperand operand) => _places[operand.Place];

    private static bool IsGpr(int register) => (uint)register < X64Homes.FirstXmm;

    private static bool IsXmm(int register) => register >= X64Homes.FirstXmm;

    private static Xmm XmmOf(int register) => (Xmm)(register - X64Homes.FirstXmm);

    private bool IsIn(IrOperand operand, Gpr register) => RegisterOf(operand) == (int)register;

    /// <summary>A slot in memory of which there is no copy either, so that an instruction on memory is best.</summary>
    private bool IsMemorySlot(IrOperand operand) => operand.IsSlot && RegisterOf(operand) == X64Homes.InMemory;

    /// <summary>The memory of a slot or temporary that is in no register.</summary>
    private Mem MemoryOf(IrOperand operand) => operand.IsSlot ? X64Homes.Memory(operand.Number) : _homes.Frame(FrameSlot.Spill + SpillOf(operand.Number));

    /// <summary>The value of a constant if an instruction of the size can have it as its own, sign-extended; 32-bit ones look at no more.</summary>
    private bool Immediate(IrOperand operand, OperandSize size, out int value)
    {
        value = operand.Payload;
        if (operand.IsInline) return true;
        if (!operand.IsConstant) return false;
        long constant = _region.ValueOf(operand);
        value = (int)constant;
        return size != OperandSize.Qword || value == constant;
    }

    private bool IsZero(IrOperand operand) => operand.IsConstant && _region.ValueOf(operand) == 0;

    private static void Lock(ref uint locked, int register) => locked |= 1u << register;

    /// <summary>A general-purpose register with the value: its own, or a scratch register that it is loaded into. Not to be changed.</summary>
    private Gpr Use(IrOperand operand)
    {
        int register = RegisterOf(operand);
        if (IsGpr(register))
        {
            Lock(ref _locked, register);
            return (Gpr)register;
        }

        Gpr scratch = TakeGpr();
        Fetch(scratch, operand);
        if (register == -1 && operand.IsSlot) AddCopy(operand.Number, scratch);
        return scratch;
    }

    /// <summary>The value in a general-purpose register or in memory; constants are loaded.</summary>
    private Rm UseRm(IrOperand operand)
    {
        if (operand.IsConstant || RegisterOf(operand) != -1) return Use(operand);
        return MemoryOf(operand);
    }

    /// <summary>Copies a value. Changes the flags if it is a constant.</summary>
    private void Fetch(Gpr d, IrOperand operand, OperandSize size = OperandSize.Qword)
    {
        if (operand.IsConstant)
        {
            LoadConstant(d, size == OperandSize.Qword ? _region.ValueOf(operand) : (uint)_region.ValueOf(operand));
            return;
        }

        int register = RegisterOf(operand);
        if (IsGpr(register))
        {
            if (register != (int)d) _asm.Mov(size, d, (Gpr)register);
        }
        else if (IsXmm(register))
        {
            _asm.MovFromXmm(size, d, XmmOf(register));
        }
        else
        {
            _asm.Mov(size, d, MemoryOf(operand));
        }
    }

    private void LoadConstant(Gpr d, long value)
    {
        if (value == 0) _asm.Zero(d);
        else _asm.MovConstant(d, value);
    }

    /// <summary>A scratch register; a temporary in it moves to memory.</summary>
    private Gpr TakeGpr() => (Gpr)Take(ScratchGprs);

    /// <summary>A certain one. The present operation must not have locked it.</summary>
    private Gpr Take(Gpr register)
    {
        Debug.Assert((_locked >> (int)register & 1) == 0);
        return (Gpr)Take(1u << (int)register);
    }

    private int Take(uint registers)
    {
        uint free = registers & ~(_busy | _locked);
        if (free == 0)
        {
            // This one and no other: the rest hold temporaries still.
            int spilled = BitOperations.TrailingZeroCount(registers & ~_locked);
            Spill(spilled);
            free = 1u << spilled;
        }

        if ((free & ~_copies) == 0) return TakeCopied(free);
        int register = BitOperations.TrailingZeroCount(free & ~_copies);
        Lock(ref _locked, register);
        return register;
    }

    /// <summary>One of those that all hold copies.</summary>
    private int TakeCopied(uint free)
    {
        int register = OldestCopy(PreferStored(free));
        ReleaseCopy(register);
        Lock(ref _locked, register);
        return register;
    }

    /// <summary>Whether a scratch register holds nothing, not even a copy.</summary>
    private bool HasFreeGpr => (ScratchGprs & ~(_busy | _locked | _copies)) != 0;

    /// <summary>Where to compute the result in: the register of the destination, or that of an operand that is not needed any more, or another scratch register.</summary>
    private Gpr Target(IrOperand d, IrOperand a = default)
    {
        if (d.IsSlot)
        {
            int home = _places[d.Place];
            if (IsGpr(home)) return (Gpr)home;
        }

        if (a.IsTemp && IsGpr(_places[a.Place]) && (_lastUses[a.Number] <= _index || a == d))
        {
            int register = _places[a.Place];
            ReleaseCopy(register);
            Lock(ref _locked, register);
            return (Gpr)register;
        }

        if (a == d && d.IsSlot && _copies != 0)
        {
            // A copy of the slot that is about to change.
            int register = CopyOf(d.Number);
            if (register >= 0 && ((_busy | _locked) >> register & 1) == 0)
            {
                Lock(ref _locked, register);
                return (Gpr)register;
            }
        }

        return TakeGpr();
    }

    /// <summary>The result, 64 bits, is in the register: brings it to where it belongs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(IrOperand d, Gpr result)
    {
        // Mostly it was computed there.
        if (!d.IsSlot || _places[d.Place] != (int)result) FinishElsewhere(d, result);
    }

    private void FinishElsewhere(IrOperand d, Gpr result)
    {
        if (d.IsSlot)
        {
            int home = _places[d.Place];
            if (home == X64Homes.InMemory) StoreSlot(d.Number, result);
            else if (IsXmm(home)) _asm.MovToXmm(OperandSize.Qword, XmmOf(home), result);
            else _asm.Mov(OperandSize.Qword, (Gpr)home, result);
        }
        else if (d.IsTemp)
        {
            Place(d.Number, (int)result);
        }
    }

    /// <summary>The result of an instruction of the type's size is in the register.</summary>
    private void Finish(IrOperand d, Gpr result, IrType type)
    {
        if (type == IrType.S32)
        {
            int home = RegisterOfTarget(d);
            Gpr extended = IsGpr(home) ? (Gpr)home : result;
            bool saysZero = SaysZero(result);
            _asm.Movsxd(extended, result);
            if (saysZero) NoteZero(extended);
            result = extended;
        }

        Finish(d, result);
    }
}
