// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 6 "Timer Extension".
using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

internal sealed class TimeExtension : ISbiExtension
{
    /// <summary>"TIME".</summary>
    public ulong Id => 0x54494D45;

    public SbiResult Call(RiscVHart caller, in SbiCall call)
    {
        if (call.Function != 0) return SbiError.NotSupported;
        caller.FirmwareCounters.Happened(FirmwareEvent.SetTimer);
        caller.SetSupervisorTimer(call.A0);
        return SbiError.Success;
    }
}
