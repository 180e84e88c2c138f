using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Copies: what a scratch register was loaded from or stored to, if that is a slot in memory, it still holds behind the operation, until somebody takes the register or
/// changes the slot. Memory always has the value too, so that a copy can be dropped at any time; and is where control comes from several sides.
/// </summary>
public sealed partial class X64Backend
{
    /// <summary>By scratch register: the slot whose copy is in it, if its bit in <see cref="_copies"/> is set, and the operation that used it last.</summary>
    private readonly int[] _copied = new int[3];
    private readonly int[] _copyUses = new int[3];
    private uint _copies;

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
        _copies |= 1u << (int)register;
        _copied[(int)register] = slot;
        _copyUses[(int)register] = _index;
    }

    /// <summary>The operation's result goes to a slot in memory.</summary>
    private void StoreSlot(int slot, Gpr result)
    {
        bool saysZero = SaysZero(result);
        _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(slot), result);
        if (saysZero) NoteZero(result);
        DropCopies(slot);
        if ((1u << (int)result & ScratchGprs) == 0) return;
        AddCopy(slot, result);
        _fresh = (int)result;
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
            if (_copied[register] == slot && register != _fresh) _copies &= ~(1u << register);
        }
    }

    private void DropCopies(int slot)
    {
        for (uint rest = _copies; rest != 0; rest &= rest - 1)
        {
            int register = BitOperations.TrailingZeroCount(rest);
            if (_copied[register] == slot) _copies &= ~(1u << register);
        }
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
