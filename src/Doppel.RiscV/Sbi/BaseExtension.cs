// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 4 "Base Extension".
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>Version, implementation, and which extensions there are.</summary>
internal sealed class BaseExtension(Func<ulong, bool> probe) : ISbiExtension
{
    private const ulong SpecificationVersion = 2UL << 24;

    /// <summary>Not in the specification's table of implementations: "Dopp" in ASCII, far away from the numbers given out.</summary>
    private const ulong ImplementationId = 0x446f_7070;

    private const ulong ImplementationVersion = 1;

    public ulong Id => 0x10;

    public SbiResult Call(RiscVHart caller, in SbiCall call) => call.Function switch
    {
        0 => SbiResult.Success(SpecificationVersion),
        1 => SbiResult.Success(ImplementationId),
        2 => SbiResult.Success(ImplementationVersion),
        3 => SbiResult.Success(probe(call.A0) ? 1UL : 0UL),
        // mvendorid, marchid and mimpid: 0 in the hart's CSRs as well.
        4 or 5 or 6 => SbiResult.Success(),
        _ => SbiError.NotSupported,
    };
}
