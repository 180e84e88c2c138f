// Zicsr 2.0: RISC-V Unprivileged ISA; Privileged Architecture 1.13, sections 3.1.6 and 12.1.1.
using Doppel.CodeGen.Ir;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// mstatus and sstatus. A change of sstatus may let an interrupt in, which the interpreter has to see to, and it may be another view of data (SUM, MXR) or another mode of code
/// (FS): then another context is selected. What changes nothing but bits is in line; the rest is behind the region.
/// </summary>
internal static class StatusTranslator
{
    private const long Writable = (long)Mstatus.SupervisorWritable;
    private const long View = (long)(Mstatus.Fs | Mstatus.Sum | Mstatus.Mxr);

    private static IrOperand Status => IrOperand.Slot(RiscVSlot.Mstatus);

    /// <summary>sstatus or mstatus into rd. SD follows FS, which the mode tells.</summary>
    public static void Read(in Instruction i, Emission e)
    {
        IrOperand value = Status;
        if (i.Imm == CsrNumber.Sstatus) value = e.Compute(IrOpcode.And, value, e.Constant((long)Mstatus.SupervisorReadable));
        if (e.Mode.FloatDirty) e.Emit(IrOpcode.Or, IrOperand.Slot(i.Rd), value, e.Constant(unchecked((long)Mstatus.Sd)));
        else e.Emit(IrOpcode.Mov, IrOperand.Slot(i.Rd), value);
    }

    /// <summary>A write of sstatus that goes on.</summary>
    /// <returns>False, with nothing emitted, if the interpreter has to execute it.</returns>
    public static bool TryChange(in Instruction i, Emission e)
    {
        switch (i.Op)
        {
            case Op.Csrrsi or Op.Csrrci when i.Rs1 == (byte)Mstatus.Sie:
                if (i.Op == Op.Csrrsi) LeaveForInterrupts(e, e.Labels.ForStep(e.Distance, i.Length, e.Ahead));
                Change(i, e, e.Constant((long)Mstatus.Sie));
                return true;
            case Op.Csrrs or Op.Csrrc:
                if (i.Op == Op.Csrrs) LeaveForInterrupts(e, e.Labels.ForStep(e.Distance, i.Length, e.Ahead));
                IrOperand view = e.Compute(IrOpcode.And, Changed(i, e), e.Constant(View));
                bool selects = e.Mode.Privilege == PrivilegeMode.Supervisor && e.SelectsContexts;
                e.Region.Emit(IrOpcode.Branch, a: view, b: e.Zero, c: selects ? e.Labels.ForChange(i, e.Distance) : e.Labels.ForStep(e.Distance, i.Length, e.Ahead), detail: (byte)IrCondition.NotEqual);
                Change(i, e, e.Compute(IrOpcode.And, e.Read(i.Rs1), e.Constant(Writable)));
                return true;
            default:
                return false;
        }
    }

    /// <summary>csrrw and csrrwi of sstatus in S-mode, the last of their region.</summary>
    public static void Replace(in Instruction i, Emission e)
    {
        LeaveForInterrupts(e, e.Labels.ForStepLast(e.Distance));
        IrOperand operand = i.Op == Op.Csrrwi ? e.Constant(i.Rs1) : e.Read(i.Rs1);

        // The operand before rd is written, which may be the same register.
        IrOperand set = e.Compute(IrOpcode.And, operand, e.Constant(Writable));
        IrOperand kept = e.Compute(IrOpcode.And, Status, e.Constant(~Writable));
        if (i.Rd != RiscVSlot.Sink) Read(i, e);
        e.Emit(IrOpcode.Or, Status, kept, set);
        GoOnInNewMode(i, e);
    }

    /// <summary>Behind the region: what the changes of sstatus in it jump to if they are more than a change of bits.</summary>
    public static void EmitChanges(Emission e)
    {
        for (int number = 0; number < e.Labels.Changes; number++)
        {
            (IrOperand label, Instruction i, int distance) = e.Labels.Change(number);
            IrOperand otherCode = e.Region.NewLabel();
            Begin(e, label, distance);
            IrOperand float_ = e.Compute(IrOpcode.And, Changed(i, e), e.Constant((long)Mstatus.Fs));
            e.Region.Emit(IrOpcode.Branch, a: float_, b: e.Zero, c: otherCode, detail: (byte)IrCondition.NotEqual);
            Change(i, e, e.Compute(IrOpcode.And, e.Read(i.Rs1), e.Constant(Writable)));
            ContextNumber.Select(e, e.Constant((long)PrivilegeMode.Supervisor));
            e.Region.Emit(IrOpcode.Jump, c: e.Labels.ForBranch(distance + i.Length, distance));

            Begin(e, otherCode, distance);
            Change(i, e, e.Compute(IrOpcode.And, e.Read(i.Rs1), e.Constant(Writable)));
            GoOnInNewMode(i, e);
        }
    }

    /// <summary>If an interrupt may wait, the interpreter executes the instruction. One that comes after the look raises attention.</summary>
    public static void LeaveForInterrupts(Emission e, IrOperand label, IrOperand otherObstacle = default)
    {
        IrOperand pending = e.Compute(IrOpcode.Or, IrOperand.Slot(RiscVSlot.Lines), IrOperand.Slot(RiscVSlot.Mip));
        IrOperand obstacle = e.Compute(IrOpcode.And, pending, IrOperand.Slot(RiscVSlot.Mie));
        if (!otherObstacle.IsNone) obstacle = e.Compute(IrOpcode.Or, obstacle, otherObstacle);
        e.Region.Emit(IrOpcode.Branch, a: obstacle, b: e.Zero, c: label, detail: (byte)IrCondition.NotEqual);
    }

    /// <summary>The bits that csrrs or csrrc changes.</summary>
    private static IrOperand Changed(in Instruction i, Emission e) =>
        e.Compute(i.Op == Op.Csrrs ? IrOpcode.AndNot : IrOpcode.And, e.Read(i.Rs1), Status);

    /// <summary>Sets or clears bits; rd last but for them, as it may have been their operand.</summary>
    private static void Change(in Instruction i, Emission e, IrOperand bits)
    {
        if (i.Rd != RiscVSlot.Sink) Read(i, e);
        e.Emit(i.Op is Op.Csrrs or Op.Csrrsi ? IrOpcode.Or : IrOpcode.AndNot, Status, Status, bits);
    }

    private static void GoOnInNewMode(in Instruction i, Emission e)
    {
        ContextNumber.Select(e, e.Constant((long)PrivilegeMode.Supervisor));
        e.Region.Emit(IrOpcode.GotoIndirect, a: e.Compute(IrOpcode.Add, e.Pc, e.Constant(e.Distance + i.Length)));
    }

    private static void Begin(Emission e, IrOperand label, int distance)
    {
        e.Region.Emit(IrOpcode.Label, c: label);
        e.BeginBlock(boxed: 0);
        e.BeginInstruction(distance);
    }
}
