// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 10 "System Reset Extension".
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

internal sealed class SystemResetExtension(IMachineControl machine) : ISbiExtension
{
    private const ulong NoReason = 0;
    private const ulong SystemFailure = 1;

    /// <summary>"SRST".</summary>
    public ulong Id => 0x53525354;

    public SbiResult Call(RiscVHart caller, in SbiCall call)
    {
        if (call.Function != 0) return SbiError.NotSupported;
        // Both parameters are 32 bits wide.
        uint type = (uint)call.A0;
        uint reason = (uint)call.A1;
        if (reason is not ((uint)NoReason or (uint)SystemFailure)) return SbiError.InvalidParam;
        switch (type)
        {
            case 0:
                machine.PowerOff((int)reason);
                break;
            // There is nothing that a cold reboot would restart and a warm one would not.
            case 1 or 2:
                machine.Reset();
                break;
            default:
                return SbiError.InvalidParam;
        }

        caller.Stopped = true;
        return SbiResult.NoReturn;
    }
}
