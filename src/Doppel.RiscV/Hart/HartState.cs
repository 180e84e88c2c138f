using Doppel.Core.Vcpu;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>The registers of a hart by name: a typed view of its slots. Everything that a snapshot needs is in them.</summary>
internal sealed class HartState
{
    /// <summary>No reservation; not a possible physical address.</summary>
    public const ulong NoReservation = ulong.MaxValue;

    public CpuState Slots { get; } = new(RiscVSlot.Count);

    public ulong Pc
    {
        get => Slots[RiscVSlot.Pc];
        set => Slots[RiscVSlot.Pc] = value;
    }

    public PrivilegeMode Mode
    {
        get => (PrivilegeMode)Slots[RiscVSlot.Mode];
        set => Slots[RiscVSlot.Mode] = (ulong)value;
    }

    /// <summary>mstatus without the computed SD bit.</summary>
    public ulong MstatusBits
    {
        get => Slots[RiscVSlot.Mstatus];
        set => Slots[RiscVSlot.Mstatus] = value;
    }

    public ulong Mie => Slots[RiscVSlot.Mie];

    /// <summary>mip: what wires drive and what software has set. Both change under other threads.</summary>
    public ulong MipBits => Volatile.Read(ref Slots.At(RiscVSlot.Lines)) | Volatile.Read(ref Slots.At(RiscVSlot.Mip));

    public ulong Menvcfg => Slots[RiscVSlot.Menvcfg];

    public ulong Retired
    {
        get => Slots[RiscVSlot.Retired];
        set => Slots[RiscVSlot.Retired] = value;
    }

    public bool Waiting
    {
        get => Slots[RiscVSlot.Waiting] != 0;
        set => Slots[RiscVSlot.Waiting] = value ? 1UL : 0UL;
    }

    /// <summary>Written by other harts to start and stop this one, so always with a fence.</summary>
    public bool Stopped
    {
        get => Volatile.Read(ref Slots.At(RiscVSlot.Stopped)) != 0;
        set => Volatile.Write(ref Slots.At(RiscVSlot.Stopped), value ? 1UL : 0UL);
    }

    /// <summary>Whether a counter wants to know how many instructions there are. Follows from the slots (<see cref="Counters.HartCounters"/>).</summary>
    public bool Counting { get; set; }

    public bool FloatOff => (MstatusBits & Mstatus.Fs) == 0;

    public void SetFloatDirty() => MstatusBits |= Mstatus.Fs;

    /// <summary>Sets or clears bits of a slot that other threads change too.</summary>
    public void ChangeShared(byte slot, ulong mask, bool set)
    {
        if (set) Interlocked.Or(ref Slots.At(slot), mask);
        else Interlocked.And(ref Slots.At(slot), ~mask);
    }

    /// <summary>The state after reset (Privileged Architecture 1.13, section 3.4); general registers are cleared too, so that runs repeat.</summary>
    public void Reset(ulong resetVector)
    {
        ulong retired = Retired;
        ulong lines = Volatile.Read(ref Slots.At(RiscVSlot.Lines)) & ~(1UL << InterruptNumber.SupervisorTimer);
        Slots.AsSpan().Clear();
        Retired = retired;
        Volatile.Write(ref Slots.At(RiscVSlot.Lines), lines);
        Pc = resetVector;
        Mode = PrivilegeMode.Machine;
        MstatusBits = Mstatus.Xl;
        Slots[RiscVSlot.Stimecmp] = ulong.MaxValue;
        Slots[RiscVSlot.ReservationAddress] = NoReservation;
        Slots[RiscVSlot.MinstretBase] = 0 - retired;
        Slots[RiscVSlot.McycleBase] = 0 - retired;
    }
}
