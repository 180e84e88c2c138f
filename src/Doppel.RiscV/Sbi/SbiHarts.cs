// Implements: RISC-V Supervisor Binary Interface 2.0, section 3.1 "Hart list parameter".
using System.Numerics;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>The harts of the machine and what is done to several of them at once.</summary>
internal sealed class SbiHarts(IReadOnlyList<RiscVHart> harts)
{
    private readonly Lock _startLock = new();

    /// <summary>The mask of all harts; a machine has at most 64.</summary>
    public ulong All => ulong.MaxValue >> (64 - harts.Count);

    public RiscVHart? Find(ulong id) => id < (ulong)harts.Count ? harts[(int)id] : null;

    public IEnumerable<RiscVHart> In(ulong mask)
    {
        for (; mask != 0; mask &= mask - 1) yield return harts[BitOperations.TrailingZeroCount(mask)];
    }

    /// <summary>The harts that <c>hart_mask</c> and <c>hart_mask_base</c> name.</summary>
    /// <returns>False if one of them does not exist.</returns>
    public bool TryResolve(ulong mask, ulong maskBase, out ulong resolved)
    {
        resolved = All;
        if (maskBase == ulong.MaxValue) return true;
        resolved = 0;
        if (mask == 0) return true;
        if (maskBase >= (ulong)harts.Count) return false;
        resolved = mask << (int)maskBase;
        return resolved >> (int)maskBase == mask && (resolved & ~All) == 0;
    }

    /// <summary>Starts a stopped hart; only one of several that try at the same time does.</summary>
    public bool TryStart(RiscVHart hart, ulong address, ulong opaque)
    {
        lock (_startLock)
        {
            // In this order: a hart that takes up its start clears Stopped before StartPending.
            if (hart.StartPending || !hart.Stopped) return false;
            hart.StartSupervisor(address, opaque);
            return true;
        }
    }

    /// <summary>Sends a software interrupt.</summary>
    public static void Interrupt(RiscVHart caller, RiscVHart hart)
    {
        Count(caller, hart, FirmwareEvent.IpiSent, FirmwareEvent.IpiReceived);
        hart.RaiseSoftwareInterrupt();
    }

    /// <summary>
    /// Has the fence carried out on all harts of the mask and waits for it. A hart that is parked, asleep or switched off does it before its next
    /// instruction, so there is nothing to wait for.
    /// </summary>
    /// <param name="sent">What it is to the caller; what it is to the others is the event behind it.</param>
    public void Fence(RiscVHart caller, ulong mask, in RemoteFence fence, FirmwareEvent sent)
    {
        foreach (RiscVHart hart in In(mask))
        {
            Count(caller, hart, sent, sent + 1);
            hart.Post(fence);
        }

        // While it waits the caller does what others ask of it: two harts that fence each other both get on.
        caller.ServeFences();
        var spin = new SpinWait();
        foreach (RiscVHart hart in In(mask))
        {
            while (hart != caller && hart.FencePending)
            {
                spin.SpinOnce(sleep1Threshold: 200);
                caller.ServeFences();
            }
        }
    }

    private static void Count(RiscVHart caller, RiscVHart hart, FirmwareEvent sent, FirmwareEvent received)
    {
        if (hart == caller) return;
        caller.FirmwareCounters.Happened(sent);
        hart.FirmwareCounters.Happened(received);
    }
}
