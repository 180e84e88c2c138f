using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Temporaries: which of them the scratch registers hold, where they go if these do not suffice, and when nobody reads them any more.</summary>
public sealed partial class X64Backend
{
    private const int MaxSpills = FrameSlot.SpillEnd - FrameSlot.Spill;
    private const int MaxOwnSpills = MaxSpills - GroupBases.Length;

    /// <summary>By temporary: the last operation that reads it; its spill slot, valid if the bits above are <see cref="_instruction"/>.</summary>
    private int[] _lastUses = new int[64];
    private int[] _spills = new int[64];

    /// <summary>By register: the temporary in it, if its bit in <see cref="_busy"/> is set.</summary>
    private readonly int[] _occupants = new int[32];
    private int _spillCount;

    /// <summary>No temporary is read for the last time before this operation: until then nobody has to look for such.</summary>
    private int _nextDeath;
    private int _instruction;

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
        ReleaseCopies();
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
