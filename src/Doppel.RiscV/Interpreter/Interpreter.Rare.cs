using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Mmu;
using static Doppel.RiscV.Interpreter.IntegerMath;

namespace Doppel.RiscV.Interpreter;

internal sealed partial class Interpreter(
    HartState state, PendingTrap trap, HartSignals signals, MemoryUnit memory, CsrFile csrs, TrapUnit traps, RiscVHart hart, ITrace trace)
{
    private readonly HartState _state = state;
    private readonly PendingTrap _trap = trap;
    private readonly HartSignals _signals = signals;
    private readonly MemoryUnit _memory = memory;
    private readonly ITrace _trace = trace;
    private readonly AtomicUnit _atomics = new(state, memory);
    private readonly FloatUnit _floats = new(state, memory, trap);
    private uint _scratchBits;

    /// <summary>Exceptions taken since creation.</summary>
    public ulong Exceptions { get; private set; }

    /// <summary>Instructions that are not worth a case in the hot switch. The state's pc and retired counter are those before the instruction.</summary>
    private Outcome ExecuteRare(in Instruction i, CodePage page, uint offset)
    {
        CpuState x = _state.Slots;
        switch (i.Op)
        {
            case >= Op.LrW and <= Op.AmomaxuD:
                _atomics.Execute(i);
                return Finished();
            case Op.Flw or Op.Fld or Op.Fsw or Op.Fsd or Op.Flh or Op.Fsh:
                return _state.FloatOff ? Illegal(i, page, offset) : LoadOrStoreFloat(i);
            case >= Op.FaddS and <= Op.FltqH:
                return _state.FloatOff || !_floats.Execute(i) ? Illegal(i, page, offset) : Outcome.Next;

            case Op.Clmul: x[i.Rd] = Clmul(x[i.Rs1], x[i.Rs2]); return Outcome.Next;
            case Op.Clmulr: x[i.Rd] = Clmulr(x[i.Rs1], x[i.Rs2]); return Outcome.Next;
            case Op.Clmulh: x[i.Rd] = Clmulh(x[i.Rs1], x[i.Rs2]); return Outcome.Next;
            case Op.Pack: x[i.Rd] = (uint)x[i.Rs1] | x[i.Rs2] << 32; return Outcome.Next;
            case Op.Packh: x[i.Rd] = (byte)x[i.Rs1] | (ulong)(byte)x[i.Rs2] << 8; return Outcome.Next;
            case Op.Packw: x[i.Rd] = Sext((ushort)x[i.Rs1] | (uint)x[i.Rs2] << 16); return Outcome.Next;
            case Op.Brev8: x[i.Rd] = ReverseBitsInBytes(x[i.Rs1]); return Outcome.Next;

            case Op.Fence:
                // Loads and stores of the host are ordered but for a store before a load; weaker hosts need the barrier always.
                Interlocked.MemoryBarrier();
                return Outcome.Next;
            case Op.FenceI:
                _memory.FlushCode();
                return Continue(i);
            case Op.Pause or Op.WrsNto or Op.WrsSto:
                // Waiting may end at any time (Zawrs, Zihintpause); giving the host's processor away helps a spinning guest.
                Thread.Yield();
                return Outcome.Next;
            case Op.PrefetchI or Op.PrefetchR or Op.PrefetchW:
                return Outcome.Next;
            case Op.CboZero:
                if (!EnvironmentAllows(Envcfg.Cbze)) return Illegal(i, page, offset);
                _memory.ZeroBlock(x[i.Rs1]);
                return Finished();
            case Op.CboClean or Op.CboFlush:
                if (!EnvironmentAllows(Envcfg.Cbcfe)) return Illegal(i, page, offset);
                _memory.ManageBlock(x[i.Rs1]);
                return Finished();
            case Op.CboInval:
                if (!EnvironmentAllows(Envcfg.Cbie)) return Illegal(i, page, offset);
                _memory.ManageBlock(x[i.Rs1]);
                return Finished();

            case >= Op.Csrrw and <= Op.Csrrci:
                return AccessCsr(i, page, offset);
            case Op.Ecall:
                return EnvironmentCall();
            case Op.Ebreak:
                _trap.Raise(TrapCause.Breakpoint, _state.Pc);
                return Outcome.Trap;
            case Op.Mret:
                if (_state.Mode != PrivilegeMode.Machine) return Illegal(i, page, offset);
                traps.ReturnFromMachine();
                _memory.UpdateContext();
                return Outcome.Attend;
            case Op.Sret:
                if (_state.Mode == PrivilegeMode.User || RestrictedBy(Mstatus.Tsr)) return Illegal(i, page, offset);
                traps.ReturnFromSupervisor();
                _memory.UpdateContext();
                return Outcome.Attend;
            case Op.Wfi:
                return WaitForInterrupt(i, page, offset);
            case Op.SfenceVma or Op.SinvalVma:
                if (_state.Mode == PrivilegeMode.User || RestrictedBy(Mstatus.Tvm)) return Illegal(i, page, offset);
                if (i.Rs1 == 0 && i.Rs2 == 0) _memory.FlushTranslations();
                else if (i.Rs1 == 0) _memory.FlushSpace(x[i.Rs2]);
                else _memory.FlushPage(x[i.Rs1]);
                return Continue(i);
            case Op.SfenceWInval or Op.SfenceInvalIr:
                return _state.Mode == PrivilegeMode.User ? Illegal(i, page, offset) : Outcome.Next;
            default:
                return Illegal(i, page, offset);
        }
    }

    /// <summary>
    /// Executes one instruction at the program counter, if it is one of those that privileged code is made of; without the preparations of the loop. A trap is taken.
    /// </summary>
    /// <returns>False, with nothing done, if it is not.</returns>
    public bool TryStepSystem(CodePage page)
    {
        ulong pc = _state.Pc;
        uint offset = (uint)pc & 0xfff;
        Instruction i = page.KeepsNone && !page.PerInstructionChecks ? DecodeHere(page, offset) : page.Instructions[offset >> 1];
        if (i.Op is not (>= Op.Csrrw and <= Op.Csrrci or Op.Ecall or Op.Sret or Op.Mret or Op.SfenceVma or Op.FenceI) || _signals.Attention) return false;
        int length = i.Length;
        switch (ExecuteRare(i, page, offset))
        {
            case Outcome.Trap:
                TakePendingTrap(pc);
                return true;
            case Outcome.Next or Outcome.NextAttend:
                _state.Pc = pc + (ulong)length;
                break;
        }

        _state.Retired++;
        return true;
    }

    /// <summary>The instruction at an offset of the page; none if it ends in the next one.</summary>
    private Instruction DecodeHere(CodePage page, uint offset)
    {
        uint bits = page.Bits((int)offset);
        if ((bits & 3) == 3 && offset == CodePage.Size - 2) return default;
        _scratchBits = bits;
        return _memory.DecodeAgain(bits);
    }

    /// <summary>Decodes the instruction at an offset of the page into its slot, or into the scratch slot if it must not be kept.</summary>
    private bool TryDecode(CodePage page, ulong pageAddress, uint offset, out int slot)
    {
        slot = (int)offset >> 1;
        uint bits = page.Bits((int)offset);
        bool isLong = (bits & 3) == 3;
        bool crosses = isLong && offset == CodePage.Size - 2;
        if (page.PerInstructionChecks && !Recheck(pageAddress + offset, isLong && !crosses)) return false;
        if (crosses)
        {
            if (!_memory.TryFetch16(pageAddress + CodePage.Size, out ushort high)) return false;
            bits |= (uint)high << 16;
        }

        if (crosses || page.KeepsNone)
        {
            slot = CodePage.ScratchSlot;
            _scratchBits = bits;
            page.Instructions[slot] = _memory.DecodeAgain(bits);
            return true;
        }

        _memory.Decode(bits, out page.Instructions[slot]);
        return true;
    }

    private bool Recheck(ulong address, bool both) =>
        _memory.TryFetch16(address, out _) && (!both || _memory.TryFetch16(address + 2, out _));

    /// <summary>Enters the handler of the pending trap.</summary>
    /// <param name="pc">The address of the instruction that raised it.</param>
    public void TakePendingTrap(ulong pc)
    {
        Exceptions++;
        _trap.Raised = false;
        traps.TakeException(_trap.Cause, _trap.Value, pc);
        _memory.UpdateContext();
    }

    /// <summary>For the exact loop: stops at the limit, traces.</summary>
    private bool BeforeInstruction(CodePage page, ulong pageAddress, uint offset, ulong retired, ulong limit)
    {
        if (retired >= limit || _signals.Attention)
        {
            _state.Pc = pageAddress + offset;
            _state.Retired = retired;
            return false;
        }

        if (_trace.Enabled(TraceCategory.Exec) && offset < CodePage.Size) TraceInstruction(page, pageAddress + offset, (int)offset);
        return true;
    }

    private void TraceInstruction(CodePage page, ulong pc, int offset)
    {
        uint bits = page.Bits(offset);
        if ((bits & 3) == 3 && offset == CodePage.Size - 2)
        {
            // What crosses the page is not in this one; a fault of the second half is not the trace's to raise.
            if (!_memory.TryFetch16(pc + 2, out ushort high)) _trap.Raised = false;
            bits |= (uint)high << 16;
        }

        _trace.Write(TraceCategory.Exec, $"hart {hart.Id}: {_state.Mode.ToString()[0]} 0x{pc:x16} {Disassembler.Format(bits, pc)}");
    }

    /// <summary>A load or store that the fast path could not do.</summary>
    /// <returns>False with a pending trap.</returns>
    private bool TryAccess(in Instruction i)
    {
        ulong address = _state.Slots[i.Rs1] + Imm(i);
        int size = i.Op switch
        {
            Op.Lb or Op.Lbu or Op.Sb => 1,
            Op.Lh or Op.Lhu or Op.Sh => 2,
            Op.Lw or Op.Lwu or Op.Sw => 4,
            _ => 8,
        };
        if (i.Op is >= Op.Sb and <= Op.Sd)
        {
            _memory.Store(address, size, _state.Slots[i.Rs2]);
            return !_trap.Raised;
        }

        ulong value = _memory.Load(address, size);
        if (_trap.Raised) return false;
        _state.Slots[i.Rd] = i.Op switch
        {
            Op.Lb => (ulong)(sbyte)value,
            Op.Lh => (ulong)(short)value,
            Op.Lw => (ulong)(int)value,
            _ => value,
        };
        return true;
    }

    private Outcome LoadOrStoreFloat(in Instruction i)
    {
        _floats.LoadOrStore(i);
        return Finished();
    }

    private Outcome Finished() => _trap.Raised ? Outcome.Trap : Outcome.NextAttend;

    /// <summary>Done, but the next instruction must be fetched anew.</summary>
    private Outcome Continue(in Instruction i)
    {
        _state.Pc += i.Length;
        return Outcome.Redirect;
    }

    private Outcome Illegal(in Instruction i, CodePage page, uint offset)
    {
        uint bits;
        if (i.Op == Op.Illegal) bits = (uint)i.Imm;
        else if (page.KeepsNone || (i.Length == 4 && offset == CodePage.Size - 2)) bits = _scratchBits;
        else bits = page.Bits((int)offset);
        _trap.Raise(TrapCause.IllegalInstruction, bits);
        return Outcome.Trap;
    }

    private bool RestrictedBy(ulong statusBit) => _state.Mode == PrivilegeMode.Supervisor && (_state.MstatusBits & statusBit) != 0;

    /// <summary>Whether menvcfg, and for U-mode senvcfg, let this mode use the cache-block instructions.</summary>
    private bool EnvironmentAllows(ulong field) =>
        _state.Mode == PrivilegeMode.Machine
        || ((_state.Menvcfg & field) != 0 && (_state.Mode == PrivilegeMode.Supervisor || (_state.Slots[RiscVSlot.Senvcfg] & field) != 0));

    private Outcome AccessCsr(in Instruction i, CodePage page, uint offset)
    {
        bool immediate = i.Op >= Op.Csrrwi;
        ulong operand = immediate ? i.Rs1 : _state.Slots[i.Rs1];
        bool replaces = i.Op is Op.Csrrw or Op.Csrrwi;
        bool reads = !replaces || i.Rd != RiscVSlot.Sink;
        bool writes = replaces || i.Rs1 != 0;
        ulong old = 0;
        if (reads && !csrs.TryRead(i.Imm, out old)) return Illegal(i, page, offset);
        if (!writes)
        {
            _state.Slots[i.Rd] = old;
            return Outcome.Next;
        }

        ulong value = i.Op switch
        {
            Op.Csrrw or Op.Csrrwi => operand,
            Op.Csrrs or Op.Csrrsi => csrs.BaseForModify(i.Imm, old) | operand,
            _ => csrs.BaseForModify(i.Imm, old) & ~operand,
        };
        if (!csrs.TryWrite(i.Imm, value)) return Illegal(i, page, offset);
        _state.Slots[i.Rd] = old;
        if (!csrs.ContextChanged) return Outcome.Next;
        _state.Pc += i.Length;
        return Outcome.Attend;
    }

    private Outcome EnvironmentCall()
    {
        if (_state.Mode == PrivilegeMode.Supervisor && hart.Sbi is { } sbi)
        {
            _state.Pc += 4;
            sbi.Call(hart);
            return Outcome.Attend;
        }

        _trap.Raise(_state.Mode switch
        {
            PrivilegeMode.User => TrapCause.EcallFromUser,
            PrivilegeMode.Supervisor => TrapCause.EcallFromSupervisor,
            _ => TrapCause.EcallFromMachine,
        }, 0);
        return Outcome.Trap;
    }

    private Outcome WaitForInterrupt(in Instruction i, CodePage page, uint offset)
    {
        // U-mode may never wait (S-mode is implemented); with TW the time limit for S-mode is zero (section 3.1.6.5).
        if (_state.Mode == PrivilegeMode.User || RestrictedBy(Mstatus.Tw)) return Illegal(i, page, offset);
        _state.Pc += i.Length;
        _state.Waiting = true;
        return Outcome.Attend;
    }
}
