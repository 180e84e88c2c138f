using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>
/// Backward: removes operations whose only effect is a result that nobody sees. A slot's value is not seen if it is overwritten before it is read and before the
/// region may be left; a temporary's if it is not read in its guest instruction.
/// </summary>
internal sealed class DeadWritePass
{
    // A slot is overwritten further on, unseen, if this is the present epoch; a temporary is read further on likewise.
    private readonly long[] _overwritten = new long[ForwardPass.Slots];
    private long[] _read = new long[64];
    private long _slotEpoch, _tempEpoch;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(IrRegion region)
    {
        if (_read.Length < region.Temps) Array.Resize(ref _read, 2 * region.Temps);
        _slotEpoch++;
        _tempEpoch++;
        Span<IrOp> ops = region.Writable;
        int kept = ops.Length;
        for (int i = ops.Length - 1; i >= 0; i--)
        {
            ref readonly IrOp op = ref ops[i];
            ref readonly IrSignature signature = ref IrSignature.Of(op.Code);
            if (signature.Effects == IrEffects.None && IsUnseen(op)) continue;
            if (op.D.IsSlot) _overwritten[op.D.Number] = _slotEpoch;
            else if (op.D.IsTemp) _read[op.D.Number] = 0;

            // After that: an operation that leaves has not written its result.
            if (signature.Effects != IrEffects.None) Act(op, signature.Effects);
            See(op.A);
            See(op.B);
            See(op.C);
            if (--kept != i) ops[kept] = op;
        }

        region.DropFirst(kept);
    }

    private bool IsUnseen(in IrOp op)
    {
        if (op.Code == IrOpcode.Mov && op.Type == IrType.I64 && op.D == op.A) return true;
        return op.D.IsSlot ? _overwritten[op.D.Number] == _slotEpoch : _read[op.D.Number] != _tempEpoch;
    }

    private void Act(in IrOp op, IrEffects effects)
    {
        // Whoever comes to a label finds the same code behind it, so that it hides nothing; a branch leads to where nothing is known.
        if ((effects & IrEffects.Leaves) != 0 || op.Code is IrOpcode.Jump or IrOpcode.Branch) _slotEpoch++;
        if (op.Code is IrOpcode.Guest or IrOpcode.Label) _tempEpoch++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void See(IrOperand operand)
    {
        if (operand.IsSlot) _overwritten[operand.Number] = 0;
        else if (operand.IsTemp) _read[operand.Number] = _tempEpoch;
    }
}
