// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 7 "IPI Extension".
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

internal sealed class IpiExtension(SbiHarts harts) : ISbiExtension
{
    /// <summary>"sPI".</summary>
    public ulong Id => 0x735049;

    public SbiResult Call(RiscVHart caller, in SbiCall call)
    {
        if (call.Function != 0) return SbiError.NotSupported;
        if (!harts.TryResolve(call.A0, call.A1, out ulong mask)) return SbiError.InvalidParam;
        foreach (RiscVHart hart in harts.In(mask)) SbiHarts.Interrupt(caller, hart);
        return SbiError.Success;
    }
}
