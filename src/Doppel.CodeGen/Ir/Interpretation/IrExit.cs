namespace Doppel.CodeGen.Ir.Interpretation;

/// <summary>How a region was left.</summary>
public enum IrExitKind
{
    /// <summary>A <see cref="IrOpcode.Goto"/>; the distance says where to.</summary>
    Goto,

    /// <summary>A <see cref="IrOpcode.GotoIndirect"/>; the address says where to.</summary>
    GotoIndirect,

    /// <summary>The guest instruction at the distance faulted.</summary>
    Trap,

    /// <summary>The guest's interpreter executed the instruction at the distance and did not go on behind it.</summary>
    Step,

    /// <summary>Something wants attention; execution goes on at the distance.</summary>
    Attention,

    /// <summary>As many operations were executed as allowed; the slots are those of the middle of the guest instruction at the distance.</summary>
    Limit,
}

/// <param name="Distance">From the region's page.</param>
/// <param name="Address">The guest virtual address of a <see cref="IrExitKind.GotoIndirect"/>, else 0.</param>
public readonly record struct IrExit(IrExitKind Kind, long Distance, ulong Address = 0);
