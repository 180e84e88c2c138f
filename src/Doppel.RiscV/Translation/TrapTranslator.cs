// Privileged Architecture 1.13, sections 3.1.6.1, 3.1.8, 3.3.1, 3.3.2 and 12.1.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>The way from a program into its kernel and back: <c>ecall</c> in U-mode, <c>sret</c> in S-mode, and what replaces sstatus before that. All end their region.</summary>
internal static class TrapTranslator
{
    /// <summary>From SPIE to SIE.</summary>
    private const int PreviousShift = 4;
    private const int SppShift = 8;

    private static IrOperand Status => IrOperand.Slot(RiscVSlot.Mstatus);

    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryTranslate(in Instruction i, Emission e)
    {
        if (!e.SelectsContexts) return false;
        switch (i.Op)
        {
            case Op.Ecall when e.Mode.Privilege == PrivilegeMode.User && e.TakesTraps:
                CallSupervisor(e);
                return true;
            case Op.Sret when e.Mode.Privilege == PrivilegeMode.Supervisor:
                ReturnFromSupervisor(e);
                return true;
            case Op.Csrrw or Op.Csrrwi when i.Imm == CsrNumber.Sstatus && e.Mode.Privilege == PrivilegeMode.Supervisor:
                StatusTranslator.Replace(i, e);
                return true;
            default:
                return false;
        }
    }

    private static void CallSupervisor(Emission e)
    {
        IrOperand delegated = e.Compute(IrOpcode.And, IrOperand.Slot(RiscVSlot.Medeleg), e.Constant(1L << (int)TrapCause.EcallFromUser));
        e.Region.Emit(IrOpcode.Branch, a: delegated, b: e.Zero, c: e.Labels.ForStepLast(e.Distance), detail: (byte)IrCondition.Equal);
        e.Emit(IrOpcode.Mov, IrOperand.Slot(RiscVSlot.Scause), e.Constant((long)TrapCause.EcallFromUser));
        e.Emit(IrOpcode.Mov, IrOperand.Slot(RiscVSlot.Stval), e.Zero);
        e.Emit(IrOpcode.Add, IrOperand.Slot(RiscVSlot.Sepc), e.Pc, e.Constant(e.Distance));

        // SPIE = SIE, SIE = 0, SPP = user.
        IrOperand enabled = e.Compute(IrOpcode.Shl, e.Compute(IrOpcode.And, Status, e.Constant((long)Mstatus.Sie)), e.Constant(PreviousShift));
        IrOperand kept = e.Compute(IrOpcode.And, Status, e.Constant(~(long)(Mstatus.Sie | Mstatus.Spie | Mstatus.Spp)));
        e.Emit(IrOpcode.Or, Status, kept, enabled);
        e.Emit(IrOpcode.Mov, IrOperand.Slot(RiscVSlot.Mode), e.Constant((long)PrivilegeMode.Supervisor));
        ContextNumber.Select(e, e.Constant((long)PrivilegeMode.Supervisor));
        e.Region.Emit(IrOpcode.GotoIndirect, a: e.Compute(IrOpcode.And, IrOperand.Slot(RiscVSlot.Stvec), e.Constant(~3L)));
    }

    private static void ReturnFromSupervisor(Emission e)
    {
        IrOperand restricted = e.Compute(IrOpcode.And, Status, e.Constant((long)Mstatus.Tsr));
        StatusTranslator.LeaveForInterrupts(e, e.Labels.ForStepLast(e.Distance), restricted);

        // SIE = SPIE, SPIE = 1, mode = SPP, SPP = user, MPRV = 0.
        IrOperand enabled = e.Compute(IrOpcode.And, e.Compute(IrOpcode.Shr, Status, e.Constant(PreviousShift)), e.Constant((long)Mstatus.Sie));
        IrOperand set = e.Compute(IrOpcode.Or, enabled, e.Constant((long)Mstatus.Spie));
        e.Emit(IrOpcode.And, IrOperand.Slot(RiscVSlot.Mode), e.Compute(IrOpcode.Shr, Status, e.Constant(SppShift)), e.Constant(1));
        IrOperand kept = e.Compute(IrOpcode.And, Status, e.Constant(~(long)(Mstatus.Sie | Mstatus.Spp | Mstatus.Mprv)));
        e.Emit(IrOpcode.Or, Status, kept, set);
        ContextNumber.Select(e, IrOperand.Slot(RiscVSlot.Mode));
        e.Region.Emit(IrOpcode.GotoIndirect, a: IrOperand.Slot(RiscVSlot.Sepc));
    }
}
