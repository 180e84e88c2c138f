using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>
/// The budget of guest instructions. Each block takes its own at its beginning, so that in the middle of it the budget is that of its end; whoever asks the engine gives back before what
/// has not been executed, and takes it again afterwards.
/// </summary>
public sealed partial class X64Backend
{
    private bool _counts;

    /// <summary>Instructions that were counted and have not begun.</summary>
    private int _ahead;

    /// <summary>What is to be given back for the engine to see the budget before the present instruction.</summary>
    private int Unexecuted => _counts ? _ahead + 1 : 0;

    private void Count(in IrOp op)
    {
        int instructions = (int)_region.ValueOf(op.A);
        _counts = true;
        _ahead = instructions;
        ChangeBudget(AluOp.Sub, instructions);
        AddCold(CallbackKind.Budget, _asm.JccLong(Cc.Less), (int)_region.ValueOf(op.B), instructions);
    }

    private void Uncount(in IrOp op)
    {
        _counts = true;
        _ahead = 1;
        ChangeBudget(AluOp.Add, (int)_region.ValueOf(op.A));
    }

    private void ChangeBudget(AluOp change, int instructions)
    {
        if (instructions != 0) _asm.Alu(change, OperandSize.Qword, _homes.Frame(FrameSlot.Budget), instructions);
    }
}
