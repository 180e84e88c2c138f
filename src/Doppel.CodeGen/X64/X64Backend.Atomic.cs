using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// Atomic operations. Where the TLB does not know the page, the guest's interpreter executes the whole instruction. With a single processor nothing needs a lock: between
/// two instructions of generated code nobody else touches the guest's memory but devices, whose drivers agree with them by fences. So atomic operations do not order a store before a later load as devices see them
/// (aq and rl at once), as they do not under QEMU; fences do.
/// </summary>
/// <remarks>All of them have the host's address in rdx, what memory held in rax, and an operand without a register in rcx.</remarks>
public sealed partial class X64Backend
{
    private const int NoReservation = -1;

    private static readonly Mem Target64 = new(Gpr.Rdx);

    private void LoadReserved(in IrOp op)
    {
        int miss = FindHost(op, writes: false, out Gpr address);
        LoadExtended(Gpr.Rcx, Target64, op.Type);
        ToPhysical();
        _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(_target.ReservationSlot), Gpr.Rax);
        _asm.Mov(OperandSize.Qword, (Rm)X64Homes.Memory(_target.ReservationSlot + 1), Gpr.Rcx);
        Finish(op.D, Gpr.Rcx);
        AddAtomicCold(miss, address, stores: false);
    }

    private void StoreConditional(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        int miss = FindHost(op, writes: true, out Gpr address);
        Label failed = _asm.NewLabel();
        ToPhysical();
        _asm.Alu(AluOp.Cmp, OperandSize.Qword, Gpr.Rax, X64Homes.Memory(_target.ReservationSlot));
        _asm.MovImm(OperandSize.Qword, X64Homes.Memory(_target.ReservationSlot), NoReservation);
        _asm.JccShort(Cc.NotEqual, failed);
        _asm.Mov(size, Gpr.Rax, X64Homes.Memory(_target.ReservationSlot + 1));
        Gpr value = AtomicOperand(op, size);
        LockPrefix();
        _asm.Cmpxchg(size, Target64, value);
        _asm.Bind(failed);
        if (!op.D.IsNone)
        {
            // Not equal both if there was no reservation and if memory held another value.
            _asm.Setcc(Cc.NotEqual, Gpr.Rax);
            _asm.Movzx(Gpr.Rax, OperandSize.Byte, Gpr.Rax);
            Finish(op.D, Gpr.Rax);
        }

        AddAtomicCold(miss, address, stores: true);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Atomic(in IrOp op)
    {
        int miss = FindHost(op, writes: true, out Gpr address);
        switch (op.Code)
        {
            case IrOpcode.AtomicSwap: Swap(op); break;
            case IrOpcode.AtomicAdd: AtomicArithmetic(AluOp.Add, op); break;
            case IrOpcode.AtomicAnd: AtomicArithmetic(AluOp.And, op); break;
            case IrOpcode.AtomicOr: AtomicArithmetic(AluOp.Or, op); break;
            case IrOpcode.AtomicXor: AtomicArithmetic(AluOp.Xor, op); break;
            case IrOpcode.AtomicMinS: AtomicChoice(Cc.Greater, op); break;
            case IrOpcode.AtomicMaxS: AtomicChoice(Cc.Less, op); break;
            case IrOpcode.AtomicMinU: AtomicChoice(Cc.Above, op); break;
            default: AtomicChoice(Cc.Below, op); break;
        }

        if (!op.D.IsNone) Finish(op.D, Gpr.Rax, op.Type);
        AddAtomicCold(miss, address, stores: true);
    }

    private void Swap(in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (_target.SingleProcessor)
        {
            // An exchange with memory would lock.
            Gpr value = AtomicOperand(op, size);
            if (!op.D.IsNone) _asm.Mov(size, Gpr.Rax, Target64);
            _asm.Mov(size, (Rm)Target64, value);
        }
        else
        {
            Fetch(Gpr.Rax, op.B, size);
            _asm.Xchg(size, Target64, Gpr.Rax);
        }
    }

    private void AtomicArithmetic(AluOp alu, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        if (op.D.IsNone || _target.SingleProcessor)
        {
            bool immediate = Immediate(op.B, size, out int value);
            Gpr operand = immediate ? default : AtomicOperand(op, size);
            if (!op.D.IsNone) _asm.Mov(size, Gpr.Rax, Target64);
            LockPrefix();
            if (immediate) _asm.Alu(alu, size, Target64, value);
            else _asm.Alu(alu, size, Target64, operand);
            return;
        }

        if (alu == AluOp.Add)
        {
            Fetch(Gpr.Rax, op.B, size);
            _asm.Lock();
            _asm.Xadd(size, Target64, Gpr.Rax);
            return;
        }

        Label again = _asm.NewLabel();
        _asm.Mov(size, Gpr.Rax, Target64);
        _asm.Bind(again);
        Fetch(Gpr.Rcx, op.B, size);
        _asm.Alu(alu, size, Gpr.Rcx, Gpr.Rax);
        _asm.Lock();
        _asm.Cmpxchg(size, Target64, Gpr.Rcx);
        _asm.JccShort(Cc.NotEqual, again);
    }

    /// <summary>Minimum or maximum: the operand takes the place of what memory holds if that stands in this relation to it.</summary>
    private void AtomicChoice(Cc replaced, in IrOp op)
    {
        OperandSize size = SizeOf(op.Type);
        Label again = _asm.NewLabel();
        _asm.Mov(size, Gpr.Rax, Target64);
        _asm.Bind(again);
        Fetch(Gpr.Rcx, op.B, size);
        _asm.Alu(AluOp.Cmp, size, Gpr.Rax, Gpr.Rcx);
        _asm.Cmovcc(replaced ^ (Cc)1, size, Gpr.Rcx, Gpr.Rax);
        if (_target.SingleProcessor)
        {
            _asm.Mov(size, (Rm)Target64, Gpr.Rcx);
            return;
        }

        _asm.Lock();
        _asm.Cmpxchg(size, Target64, Gpr.Rcx);
        _asm.JccShort(Cc.NotEqual, again);
    }

    private void ZeroBlock(in IrOp op)
    {
        const int BlockSizeLog = 6;
        SpillAll();
        Gpr address = Use(op.A);
        Mem host = Probe(address, 0, BlockSizeLog, writes: true, out _, out int miss);
        if (Has(X64Features.Avx2))
        {
            // This clears all of the register, and leaves the upper halves of all marked as unused.
            _asm.VLogic(SseLogic.Xor, Xmm.Xmm0, Xmm.Xmm0, Xmm.Xmm0);
            for (int offset = 0; offset < 1 << BlockSizeLog; offset += 32) _asm.VMovups256(host.Plus(offset), Xmm.Xmm0);
        }
        else
        {
            _asm.Logic(SseLogic.Xor, Xmm.Xmm0, Xmm.Xmm0);
            for (int offset = 0; offset < 1 << BlockSizeLog; offset += 16) _asm.Movups(host.Plus(offset), Xmm.Xmm0);
        }

        AddAtomicCold(miss, address, stores: true);
    }

    private void Fence()
    {
        // A single processor needs it, too: devices work on other threads. Faster than mfence, and as strong for ordinary memory.
        _asm.Lock();
        _asm.Alu(AluOp.Or, OperandSize.Dword, new Mem(Gpr.Rsp), 0);
    }

    /// <summary>Brings the host's address of the operand to rdx. All scratch registers are locked then.</summary>
    private int FindHost(in IrOp op, bool writes, out Gpr address)
    {
        SpillAll();
        address = Use(op.A);
        Mem host = Probe(address, 0, BytesLog(op.Type), writes, out _, out int miss);
        _asm.Lea(OperandSize.Qword, Gpr.Rdx, host);
        _locked |= ScratchGprs;
        _copies = 0;
        return miss;
    }

    /// <summary>rax = the guest's physical address of what is at rdx.</summary>
    private void ToPhysical()
    {
        _asm.MovConstant(Gpr.Rax, _target.HostToPhysical);
        _asm.Alu(AluOp.Add, OperandSize.Qword, Gpr.Rax, Gpr.Rdx);
    }

    private Gpr AtomicOperand(in IrOp op, OperandSize size)
    {
        int register = RegisterOf(op.B);
        if (IsGpr(register)) return (Gpr)register;
        Fetch(Gpr.Rcx, op.B, size);
        return Gpr.Rcx;
    }

    private void AddAtomicCold(int miss, Gpr address, bool stores)
    {
        ref ColdCode step = ref AddCold(CallbackKind.StepAtomic, miss);
        step.Back = _asm.Position;
        step.Distance = _distance;
        step.Unexecuted = Unexecuted;
        step.Base = address;
        step.Offset = 0;
        step.Site = default;
        step.Result = ColdCode.NoResult;
        step.Saved = step.Copies = 0;
        step.Value = _region.Constant(stores ? 1 : 0);
        step.ValueRegister = ColdCode.NoRegister;
        _copies = 0;
    }

    private void LockPrefix()
    {
        if (!_target.SingleProcessor) _asm.Lock();
    }
}
