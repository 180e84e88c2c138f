using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Copies: what a scratch register was loaded from or stored to, if that is a slot in memory, it still holds behind the operation, until somebody takes the register or
/// changes the slot. Memory has the value too, so that a copy can be dropped at any time; and is where control comes from several sides.
/// </summary>
/// <remarks>
/// But for brief values (<see cref="IrOp.IsBrief"/>): as nobody outside sees them, they go to memory only if their register is wanted for something else before they are
/// overwritten, or where control comes from several sides.
/// </remarks>
public sealed partial class X64Backend
{
    /// <summary>By scratch register: the slot whose copy is in it, if its bit in <see cref="_copies"/> is set, and the operation that used it last.</summary>
    private readonly int[] _copied = new int[3];
    private readonly int[] _copyUses = new int[3];
    private uint _copies;

    /// <summary>Of the copies, those that memory does not have.</summary>
    private uint _unstored;

    /// <summary>The register that the present operation's result has been copied from, or −1.</summary>
    private int _fresh = -1;

    private int CopyOf(int slot)
    {
        for (uint rest = _copies; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            if (_copied[register] != slot) continue;
            _copyUses[register] = _index;
            return register;
        }

        return -1;
    }

    private void AddCopy(int slot, Gpr register)
    {
        if ((1u << (int)register & ScratchGprs) == 0) return;
        ReleaseCopy((int)register);
        _copies |= 1u << (int)register;
        _copied[(int)register] = slot;
        _copyUses[(int)register] = _index;
    }

    /// <summary>The operation's result goes to a slot in memory.</summary>
    private void StoreSlot(int slot, Gpr result)
    {
        if (_copies != 0) DropCopies(slot);
        uint scratch = 1u << (int)result & ScratchGprs;
        bool isBrief = scratch != 0 && _region.Ops[_index].IsBrief;
        if (!isBrief)
        {
            bool saysZero = SaysZero(result);
            _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(slot), result);
            if (saysZero) NoteZero(result);
        }

        if (scratch == 0) return;
        AddCopy(slot, result);
        if (isBrief) _unstored |= scratch;
        _fresh = (int)result;
    }

    /// <summary>Before the register gets another value.</summary>
    private void ReleaseCopy(int register)
    {
        if ((_unstored >> register & 1) != 0) StoreCopy(register);
        _copies &= ~(1u << register);
    }

    private void StoreCopy(int register)
    {
        _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(_copied[register]), (Gpr)register);
        _unstored &= ~(1u << register);
    }

    /// <summary>Before control comes from elsewhere, or the registers are changed by others.</summary>
    private void ReleaseCopies()
    {
        StoreCopies();
        _copies = 0;
    }

    private void StoreCopies()
    {
        for (; _unstored != 0;) StoreCopy(BitOperations.TrailingZeroCount(_unstored));
    }

    /// <summary>Of registers with copies, those that can be had for nothing, if there are any.</summary>
    private uint PreferStored(uint registers)
    {
        if ((registers & _unstored) == 0) return registers;

        // What the present operation overwrites without reading it is not wanted any more. A choice may be one with the comparison before it, which reads more.
        ref readonly IrOp op = ref _region.Ops[_index];
        if (op.Code != IrOpcode.Select && op.D.IsSlot && op.A != op.D && op.B != op.D && op.C != op.D) DropCopies(op.D.Number);
        uint stored = registers & ~_unstored;
        return stored != 0 ? stored : registers;
    }

    private int OldestCopy(uint registers)
    {
        int oldest = BitOperations.TrailingZeroCount(registers);
        if (oldest >= _copied.Length) return oldest;
        for (uint rest = registers; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            if (_copyUses[register] < _copyUses[oldest]) oldest = register;
        }

        return oldest;
    }

    /// <summary>After an operation: those of its result's slot that are from before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DropStaleCopies(IrOperand d)
    {
        // Slots with homes have none.
        if (_places[d.Place] == X64Homes.InMemory && d.IsSlot) DropStaleCopies(d.Number);
    }

    private void DropStaleCopies(int slot)
    {
        for (uint rest = _copies; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            if (_copied[register] == slot && register != _fresh) Forget(register);
        }
    }

    private void DropCopies(int slot)
    {
        for (uint rest = _copies; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            if (_copied[register] == slot) Forget(register);
        }
    }

    private void Forget(int register)
    {
        _copies &= ~(1u << register);
        _unstored &= ~(1u << register);
    }

    /// <summary>The copies as they are now, for code that changes the registers and comes back here: by scratch register, 16 bits each, the slot plus one.</summary>
    private ulong SavedCopies()
    {
        ulong saved = 0;
        for (uint rest = _copies; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);

            // A temporary that goes on living is saved as such.
            if ((_busy >> register & 1) != 0 && _lastUses[_occupants[register]] > _index) continue;
            saved |= (ulong)(_copied[register] + 1) << 16 * register;
        }

        return saved;
    }

    private void LoadCopies(ulong saved)
    {
        for (int register = 0; saved != 0; saved >>= 16, register++)
        {
            if ((saved & 0xffff) != 0) _asm.Mov(OperandSize.Qword, (Gpr)register, X64Homes.Memory((int)(saved & 0xffff) - 1));
        }
    }
}
