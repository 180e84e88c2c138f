// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 8 "RFENCE Extension"; without the functions for the hypervisor extension.
using Doppel.RiscV.Counters;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>Fences on other harts. A call comes back when all of them have taken effect.</summary>
internal sealed class RfenceExtension(SbiHarts harts) : ISbiExtension
{
    /// <summary>"RFNC".</summary>
    public ulong Id => 0x52464E43;

    public SbiResult Call(RiscVHart caller, in SbiCall call)
    {
        // 0 fence.i, 1 sfence.vma, 2 sfence.vma with an ASID.
        if (call.Function > 2) return SbiError.NotSupported;
        if (!harts.TryResolve(call.A0, call.A1, out ulong mask)) return SbiError.InvalidParam;
        (RemoteFence fence, FirmwareEvent sent) = call.Function switch
        {
            0 => (RemoteFence.Code, FirmwareEvent.FenceISent),
            1 => (RemoteFence.Of(call.A2, call.A3, asid: null), FirmwareEvent.SfenceVmaSent),
            _ => (RemoteFence.Of(call.A2, call.A3, call.A4), FirmwareEvent.SfenceVmaAsidSent),
        };
        harts.Fence(caller, mask, fence, sent);
        return SbiError.Success;
    }
}
