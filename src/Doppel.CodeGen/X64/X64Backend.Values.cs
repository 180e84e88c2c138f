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
    private const int MaxSpills = FrameSlot.SpillEnd - FrameSlot.Spill;
    private const int MaxOwnSpills = MaxSpills - GroupBases.Length;

    /// <summary>The first temporary's <see cref="IrOperand.Place"/>.</summary>
    private const int FirstTemp = 1 + IrOperand.Slots;

    /// <summary>By <see cref="IrOperand.Place"/>: the register or <see cref="NoPlace"/>; of slots, the home.</summary>
    private int[] _places;

    /// <summary>By temporary: the last operation that reads it; its spill slot, valid if the bits above are <see cref="_instruction"/>.</summary>
    private int[] _lastUses = new int[64];
    private int[] _spills = new int[64];

    /// <summary>By register: the temporary in it, if its bit in <see cref="_busy"/> is set.</summary>
    private readonly int[] _occupants = new int[32];
    private uint _busy;
    private uint _locked;
    private int _spillCount;

    /// <summary>No temporary is read for the last time before this operation: until then nobody has to look for such.</summary>
    private int _nextDeath;
    private int _instruction;

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

        int register = (free & ~_copies) != 0 ? BitOperations.TrailingZeroCount(free & ~_copies) : OldestCopy(free);
        _copies &= ~(1u << register);
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
            _copies &= ~(1u << register);
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

    /// <summary>The temporary is now in this scratch register.</summary>
    private void Place(int temp, int register)
    {
        Debug.Assert((1u << register & (ScratchGprs | ScratchXmms)) != 0);
        int old = _places[FirstTemp + temp];
        if (old >= 0 && (_busy >> old & 1) != 0 && _occupants[old] == temp) _busy &= ~(1u << old);
        _places[FirstTemp + temp] = register;
        _occupants[register] = temp;
        _busy |= 1u << register;
        _nextDeath = Math.Min(_nextDeath, _lastUses[temp]);
    }

    private void Spill(int register)
    {
        int temp = _occupants[register];
        Mem memory = _homes.Frame(FrameSlot.Spill + SpillOf(temp));
        _places[FirstTemp + temp] = NoPlace;
        _busy &= ~(1u << register);
        if (temp >= _region.Temps)
        {
            // That of a group does not change: once is enough.
            if (_spills[temp] != 0) return;
            _spills[temp] = 1;
        }

        if (IsXmm(register)) _asm.Movq(memory, XmmOf(register));
        else _asm.Mov(OperandSize.Qword, (Rm)memory, (Gpr)register);
    }

    /// <summary>Moves all temporaries to memory that the present operation or later ones read.</summary>
    private void SpillAll()
    {
        for (; _busy != 0;) Spill(BitOperations.TrailingZeroCount(_busy));
        _copies = 0;
    }

    private int SpillOf(int temp)
    {
        // The temporaries of a group live across guest instructions, and so do their slots.
        if (temp >= _region.Temps) return MaxOwnSpills + temp - _region.Temps;
        if (_spills[temp] / MaxSpills != _instruction)
        {
            if (_spillCount == MaxOwnSpills) throw new InvalidOperationException($"A guest instruction has more than {MaxOwnSpills} temporaries in memory.");
            _spills[temp] = _instruction * MaxSpills + _spillCount++;
        }

        return _spills[temp] % MaxSpills;
    }

    /// <summary>After an operation: unlocks the registers and frees those of temporaries that nobody reads any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndOperation(ReadOnlySpan<IrOp> ops)
    {
        _locked = 0;
        if (_copies != 0) DropStaleCopies(ops[_index].D);
        _fresh = -1;
        if (_index >= _nextDeath) FreeDeadTemps();
    }

    private void FreeDeadTemps()
    {
        _nextDeath = int.MaxValue;
        for (uint rest = _busy; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            int last = _lastUses[_occupants[register]];
            if (last <= _index) _busy &= ~(1u << register);
            else _nextDeath = Math.Min(_nextDeath, last);
        }
    }

    /// <summary>At labels and guest instructions, across which no temporary lives but that of a group.</summary>
    private void ForgetTemps()
    {
        uint kept = 0;
        if (_busy != 0 && _index <= _groupEnd)
        {
            for (uint rest = _busy; rest != 0; rest &= rest - 1)
            {
                int register = BitOperations.TrailingZeroCount(rest);
                if (_occupants[register] >= _region.Temps) kept |= 1u << register;
            }
        }

        _busy = kept;
        _spillCount = 0;
        _instruction++;
    }

    private void BeginTemps()
    {
        int temps = _region.Temps + GroupBases.Length;
        if (_lastUses.Length < temps)
        {
            int length = Math.Max(temps, 2 * _lastUses.Length);
            _lastUses = new int[length];
            _spills = new int[length];
            Array.Resize(ref _places, FirstTemp + length);
        }

        _places.AsSpan(FirstTemp, temps).Fill(NoPlace);
        _spills.AsSpan(0, temps).Clear();
    }

    /// <summary>The present operation writes a temporary: finds the last one that reads it, in this guest instruction.</summary>
    private void FindLastUse(IrOperand temp)
    {
        int last = -1;
        ReadOnlySpan<IrOp> ops = _region.Ops;
        for (int i = _index + 1; i < Math.Min(ops.Length, _nextBegin); i++)
        {
            ref readonly IrOp op = ref ops[i];
            if (op.Code == IrOpcode.Label) break;
            if (op.A == temp || op.B == temp || op.C == temp) last = i;
        }

        _lastUses[temp.Number] = last;
    }
}
