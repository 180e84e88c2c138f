// A 2.1: Zalrsc and Zaamo.
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Interpreter;

/// <summary>
/// Load-reserved, store-conditional and atomic memory operations, atomic among all harts. Every one is a full fence on the host,
/// which is at least as strong as any aq and rl.
/// </summary>
internal sealed class AtomicUnit(HartState state, MemoryUnit memory)
{
    private const byte Release = 1;

    /// <summary>Executes one; a fault is left in the pending trap.</summary>
    public void Execute(in Instruction i)
    {
        ulong address = state.Slots[i.Rs1];
        switch (i.Op)
        {
            case Op.LrW:
            case Op.LrD:
                LoadReserved(i, address);
                break;
            case Op.ScW:
            case Op.ScD:
                StoreConditional(i, address);
                break;
            case < Op.AmoswapD:
                Modify32(i, address);
                break;
            default:
                Modify64(i, address);
                break;
        }
    }

    private void LoadReserved(in Instruction i, ulong address)
    {
        int size = i.Op == Op.LrW ? 4 : 8;
        if (memory.AtomicTarget(address, size, AccessKind.Load, out ulong offset, out ulong physical) is not { } region) return;
        // A read may overtake earlier writes on the host, which the rl bit forbids: a failing compare-and-swap of the guest ends with nothing but this.
        if ((i.Rm & Release) != 0) Interlocked.MemoryBarrier();
        ulong value = size == 4 ? (ulong)(int)region.Read32(offset) : region.Read64(offset);
        Interlocked.MemoryBarrier();
        state.Slots[RiscVSlot.ReservationAddress] = physical;
        state.Slots[RiscVSlot.ReservationValue] = value;
        state.Slots[i.Rd] = value;
    }

    // Deviation: a reservation is the value that was loaded, so a store of the same value by another hart goes unnoticed (the ABA case).
    private void StoreConditional(in Instruction i, ulong address)
    {
        int size = i.Op == Op.ScW ? 4 : 8;
        if (memory.AtomicTarget(address, size, AccessKind.Store, out ulong offset, out ulong physical) is not { } region) return;
        ulong expected = state.Slots[RiscVSlot.ReservationValue];
        ulong value = state.Slots[i.Rs2];
        bool success = state.Slots[RiscVSlot.ReservationAddress] == physical
            && (size == 4
                ? region.CompareExchange32(offset, (uint)value, (uint)expected) == (uint)expected
                : region.CompareExchange64(offset, value, expected) == expected);
        state.Slots[RiscVSlot.ReservationAddress] = HartState.NoReservation;
        state.Slots[i.Rd] = success ? 0UL : 1UL;
    }

    private void Modify32(in Instruction i, ulong address)
    {
        if (memory.AtomicTarget(address, 4, AccessKind.Store, out ulong offset, out _) is not { } region) return;
        uint operand = (uint)state.Slots[i.Rs2];
        uint old = region.Read32(offset);
        while (true)
        {
            uint result = i.Op switch
            {
                Op.AmoswapW => operand,
                Op.AmoaddW => old + operand,
                Op.AmoxorW => old ^ operand,
                Op.AmoandW => old & operand,
                Op.AmoorW => old | operand,
                Op.AmominW => (uint)Math.Min((int)old, (int)operand),
                Op.AmomaxW => (uint)Math.Max((int)old, (int)operand),
                Op.AmominuW => Math.Min(old, operand),
                _ => Math.Max(old, operand),
            };
            uint found = region.CompareExchange32(offset, result, old);
            if (found == old) break;
            old = found;
        }

        state.Slots[i.Rd] = (ulong)(int)old;
    }

    private void Modify64(in Instruction i, ulong address)
    {
        if (memory.AtomicTarget(address, 8, AccessKind.Store, out ulong offset, out _) is not { } region) return;
        ulong operand = state.Slots[i.Rs2];
        ulong old = region.Read64(offset);
        while (true)
        {
            ulong result = i.Op switch
            {
                Op.AmoswapD => operand,
                Op.AmoaddD => old + operand,
                Op.AmoxorD => old ^ operand,
                Op.AmoandD => old & operand,
                Op.AmoorD => old | operand,
                Op.AmominD => (ulong)Math.Min((long)old, (long)operand),
                Op.AmomaxD => (ulong)Math.Max((long)old, (long)operand),
                Op.AmominuD => Math.Min(old, operand),
                _ => Math.Max(old, operand),
            };
            ulong found = region.CompareExchange64(offset, result, old);
            if (found == old) break;
            old = found;
        }

        state.Slots[i.Rd] = old;
    }
}
