using Doppel.CodeGen.Ir;
using Doppel.RiscV.Interpreter;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// Lays out a region: the instructions that <see cref="RegionWalk"/> has found, labels where branches meet, a look for attention at the
/// entry and in every loop, and the ways out of the region behind all of that.
/// </summary>
internal sealed class RegionBuilder
{
    private readonly RegionWalk _walk;
    private readonly BoxAnalysis _boxes;
    private readonly RegionLabels _labels = new();
    private readonly Emission _emission;

    /// <param name="counts">See <see cref="RiscVFrontEnd"/>, as for the one behind it.</param>
    public RegionBuilder(Predecoder predecoder, Predicate<IrOpcode> supports, bool counts, bool tracesTraps)
    {
        _walk = new RegionWalk(predecoder);
        _boxes = new BoxAnalysis(_walk);
        _emission = new Emission(_labels, supports, counts, tracesTraps);
    }

    public void Build(in GuestCode code, IrRegion region)
    {
        _walk.Walk(code, region);
        _boxes.Analyse();
        _emission.BeginRegion(region, new CodeMode(code.Mode));
        _labels.Begin(region);
        ReadOnlySpan<WalkedInstruction> list = _walk.List;
        bool counts = _emission.Counts;
        for (int index = 0; index < list.Length; index++)
        {
            ref readonly WalkedInstruction entry = ref list[index];
            int offset = entry.Offset;
            if (entry.IsLink)
            {
                if (_walk.Contains(offset)) region.Emit(IrOpcode.Jump, c: _labels.At(offset));
                else RegionLabels.Goto(region, offset, isBackward: index > 0 && offset <= list[index - 1].Offset);
                continue;
            }

            ref readonly Instruction i = ref entry.Instruction;
            if (index == 0 || _walk.IsMarked(offset)) BeginMarked(index, offset, region);
            if (counts && _walk.BeginsBlock(index)) _emission.BeginCount(_walk.BlockLength(index), offset);
            _emission.BeginInstruction(offset);
            if (index == 0 && RegionWalk.CrossesPage(offset, i)) RequireNextPage(code, i, offset);
            else if (entry.IsStraight || !TryLeave(i, index)) TranslateStraight(i);
        }

        StatusTranslator.EmitChanges(_emission);
        _labels.EmitExits(_walk, region);
    }

    private void BeginMarked(int index, int offset, IrRegion region)
    {
        if (_walk.IsHead(offset))
        {
            region.Emit(IrOpcode.Label, c: _labels.At(offset));
            _emission.BeginBlock(_boxes.AtHead(offset));

            // Where operands are known to be boxed, whoever comes from elsewhere knows nothing of that.
            if (!_walk.HasSingles) region.AddEntry(_labels.At(offset), offset);
        }

        if (index == 0 || _walk.IsLoopHead(offset)) region.Emit(IrOpcode.CheckAttention, a: region.Constant(offset));
    }

    /// <summary>The second half is another page's, which may be mapped elsewhere the next time.</summary>
    private void RequireNextPage(in GuestCode code, in Instruction i, int offset)
    {
        if (code.NextPage.IsEmpty)
        {
            _emission.Step();
            _emission.Goto(offset + i.Length);
            return;
        }

        _emission.Region.Emit(IrOpcode.RequirePage, a: _emission.Constant(RegionWalk.PageSize), b: _emission.Constant(code.NextPageNumber));
        if (!TryLeave(i, index: 0)) TranslateStraight(i);
    }

    private void TranslateStraight(in Instruction i)
    {
        if (InstructionTranslator.TryTranslate(i, _emission)) return;
        _emission.Step();
        _emission.SetBoxed(i.Rd, _boxes.Boxes(i.Op));
    }

    /// <summary>What does not simply lead to the instruction behind it.</summary>
    private bool TryLeave(in Instruction i, int index)
    {
        if (i.Op is >= Op.Beq and <= Op.Bgeu) ControlTranslator.Branch(i, _emission, _walk.IsTurned(index));
        else if (i.Op is Op.Jal or Op.Jalr) ControlTranslator.Jump(i, _emission);
        else if (!RegionWalk.NeverGoesOn(i)) return false;
        else if (!TrapTranslator.TryTranslate(i, _emission)) _emission.StepLast();
        return true;
    }
}
