using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Translation;

/// <summary>
/// The number by which generated code selects a context in S- or U-mode (<see cref="IrOpcode.SelectContext"/>): all that <see cref="CodeMode"/> and the views of memory follow from and that
/// generated code may change itself, with satp and menvcfg given. The mode is in bits 1–0, frm in bits 7–5, senvcfg.CBZE in bit 8; FS, SUM and MXR are where mstatus has them.
/// </summary>
internal static class ContextNumber
{
    private const long RoundingMask = 0xe0;
    private const int ZeroBlockShift = 1;

    /// <param name="mode">The privilege, which its slot has too.</param>
    public static void Select(Emission e, IrOperand mode)
    {
        IrOperand status = e.Compute(IrOpcode.And, IrOperand.Slot(RiscVSlot.Mstatus), e.Constant((long)(Mstatus.Fs | Mstatus.Sum | Mstatus.Mxr)));
        IrOperand rounding = e.Compute(IrOpcode.And, IrOperand.Slot(RiscVSlot.Fcsr), e.Constant(RoundingMask));
        IrOperand zeroBlock = e.Compute(IrOpcode.And, IrOperand.Slot(RiscVSlot.Senvcfg), e.Constant((long)Envcfg.Cbze));
        IrOperand number = e.Compute(IrOpcode.Or, e.Compute(IrOpcode.Or, status, rounding), e.Compute(IrOpcode.Shl, zeroBlock, e.Constant(ZeroBlockShift)));
        e.Region.Emit(IrOpcode.SelectContext, a: e.Compute(IrOpcode.Or, number, mode));
    }
}
