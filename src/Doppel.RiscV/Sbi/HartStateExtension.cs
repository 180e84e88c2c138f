// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 9 "Hart State Management Extension".
using Doppel.Core.Memory;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

internal sealed class HartStateExtension(SbiHarts harts, GuestMemory memory) : ISbiExtension
{
    private const uint RetentiveSuspend = 0;
    private const uint NonRetentiveSuspend = 0x8000_0000;
    private const ulong Started = 0;
    private const ulong Stopped = 1;
    private const ulong StartPending = 2;
    private const ulong Suspended = 4;

    /// <summary>"HSM".</summary>
    public ulong Id => 0x48534D;

    public SbiResult Call(RiscVHart caller, in SbiCall call) => call.Function switch
    {
        0 => Start(call.A0, call.A1, call.A2),
        1 => Stop(caller),
        2 => harts.Find(call.A0) is { } hart ? SbiResult.Success(StateOf(hart)) : SbiError.InvalidParam,
        3 => Suspend(caller, (uint)call.A0, call.A1, call.A2),
        _ => SbiError.NotSupported,
    };

    private static ulong StateOf(RiscVHart hart)
    {
        // In this order: a hart that takes up its start clears Stopped before StartPending.
        if (hart.StartPending) return StartPending;
        if (hart.Stopped) return Stopped;
        return hart.Suspended ? Suspended : Started;
    }

    private SbiResult Start(ulong id, ulong address, ulong opaque)
    {
        if (harts.Find(id) is not { } hart) return SbiError.InvalidParam;
        if (!IsCode(address)) return SbiError.InvalidAddress;
        return harts.TryStart(hart, address, opaque) ? SbiError.Success : SbiError.AlreadyAvailable;
    }

    private static SbiResult Stop(RiscVHart caller)
    {
        caller.Stopped = true;
        return SbiResult.NoReturn;
    }

    private SbiResult Suspend(RiscVHart caller, uint type, ulong address, ulong opaque)
    {
        switch (type)
        {
            case RetentiveSuspend:
                caller.Suspend();
                return SbiError.Success;
            case NonRetentiveSuspend:
                if (!IsCode(address)) return SbiError.InvalidAddress;
                caller.SuspendAndResumeAt(address, opaque);
                return SbiResult.NoReturn;
            default:
                return SbiError.InvalidParam;
        }
    }

    private bool IsCode(ulong address) => (address & 1) == 0 && memory.Contains(address, 2);
}
