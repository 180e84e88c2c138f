// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 5 "Legacy Extensions".
using Doppel.Core.Backends;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>The calls of version 0.1: each is an extension of its own, has no function number and gives back a0 only.</summary>
internal sealed class LegacyExtensions(SbiHarts harts, IConsoleBackend console, IMachineControl machine)
{
    private const ulong Last = 8;

    public static bool Has(ulong extension) => extension <= Last;

    /// <returns>The new a0, or null if the call does not return.</returns>
    public long? Call(RiscVHart caller, in SbiCall call)
    {
        switch (call.Extension)
        {
            case 0:
                caller.FirmwareCounters.Happened(FirmwareEvent.SetTimer);
                caller.SetSupervisorTimer(call.A0);
                return 0;
            case 1:
                console.Write([(byte)call.A0]);
                return 0;
            case 2:
                Span<byte> one = stackalloc byte[1];
                return console.Read(one) == 0 ? -1 : one[0];
            case 3:
                return caller.ClearSoftwareInterrupt() ? 1 : 0;
            case 8:
                machine.PowerOff(0);
                caller.Stopped = true;
                return null;
            default:
                return CallHarts(caller, call);
        }
    }

    private long? CallHarts(RiscVHart caller, in SbiCall call)
    {
        ulong mask = harts.All;
        if (call.A0 != 0)
        {
            // Deviation: a mask that cannot be read is an error, not a fault of the caller.
            if (!caller.TryLoad(call.A0, out ulong given)) return (long)SbiError.InvalidAddress;
            mask &= given;
        }

        switch (call.Extension)
        {
            case 4:
                foreach (RiscVHart hart in harts.In(mask)) SbiHarts.Interrupt(caller, hart);
                break;
            case 5:
                harts.Fence(caller, mask, RemoteFence.Code, FirmwareEvent.FenceISent);
                break;
            case 6:
                harts.Fence(caller, mask, RemoteFence.Of(call.A1, call.A2, asid: null), FirmwareEvent.SfenceVmaSent);
                break;
            default:
                harts.Fence(caller, mask, RemoteFence.Of(call.A1, call.A2, call.A3), FirmwareEvent.SfenceVmaAsidSent);
                break;
        }

        return 0;
    }
}
