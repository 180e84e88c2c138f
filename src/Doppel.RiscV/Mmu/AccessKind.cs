using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Mmu;

/// <summary>What an access wants to do; decides permissions and exception codes.</summary>
internal enum AccessKind : byte
{
    Load,

    /// <summary>Stores, AMOs and <c>sc</c>.</summary>
    Store,
    Fetch,
}

internal static class AccessKinds
{
    public static ulong PageFault(this AccessKind kind) => kind switch
    {
        AccessKind.Load => TrapCause.LoadPageFault,
        AccessKind.Store => TrapCause.StorePageFault,
        _ => TrapCause.InstructionPageFault,
    };

    public static ulong AccessFault(this AccessKind kind) => kind switch
    {
        AccessKind.Load => TrapCause.LoadAccessFault,
        AccessKind.Store => TrapCause.StoreAccessFault,
        _ => TrapCause.InstructionAccessFault,
    };
}
