using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Translation;

/// <summary>
/// Which f registers hold a NaN-boxed single-precision value where branches meet, so that arithmetic in loops need not look at the boxes of its operands: a forward
/// analysis over the list of <see cref="RegionWalk"/>. Nothing is known at the entry.
/// </summary>
internal sealed class BoxAnalysis(RegionWalk walk)
{
    private readonly bool[] _boxes = BoxingOperations();

    // By halfword of the page: bit n for f register n, for heads only.
    private readonly uint[] _atHead = new uint[RegionWalk.PageSize / 2];
    private bool _isNeeded, _changed;

    /// <summary>Whether an operation leaves its destination, an f register, boxed. What is narrower than single precision is boxed in 32 bits too.</summary>
    public bool Boxes(Op op) => _boxes[(int)op];

    /// <summary>The registers that are boxed whenever the head at an offset is reached.</summary>
    public uint AtHead(int offset) => _isNeeded ? _atHead[offset >> 1] : 0;

    /// <summary>Analyses what has been walked.</summary>
    public void Analyse()
    {
        _isNeeded = walk.HasSingles;
        if (!_isNeeded) return;
        foreach (ref readonly WalkedInstruction entry in walk.List) _atHead[entry.Offset >> 1 & (_atHead.Length - 1)] = uint.MaxValue;
        do
        {
            _changed = false;
            Pass();
        }
        while (_changed);
    }

    private static bool[] BoxingOperations()
    {
        var boxes = new bool[(int)Enum.GetValues<Op>().Max() + 1];
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            // The first suffix is the format of the result.
            string format = row.Mnemonic.Split('.') is { Length: > 1 } parts ? parts[1] : row.Mnemonic[^1..];
            if (!row.IsCompressed && row.Rd.Kind == OperandKind.F) boxes[(int)row.Op] = format is "s" or "w" or "h";
        }

        return boxes;
    }

    private void Pass()
    {
        uint boxed = 0;
        foreach (ref readonly WalkedInstruction entry in walk.List)
        {
            int offset = entry.Offset;
            ref readonly Instruction i = ref entry.Instruction;
            if (entry.IsLink)
            {
                Reach(offset, boxed);
                boxed = uint.MaxValue;
                continue;
            }

            if (walk.IsHead(offset))
            {
                // What follows a run that never goes on is reached by branches only.
                Reach(offset, boxed);
                boxed = _atHead[offset >> 1];
            }

            if (i.Op is >= Op.Beq and <= Op.Bgeu)
            {
                Reach(offset + i.Imm, boxed);
                Reach(offset + i.Length, boxed);
            }
            else if (i.Op is Op.Jal || RegionWalk.NeverGoesOn(i))
            {
                bool goesOn = i.Op == Op.Jal && i.Rd == RiscVSlot.Sink && (uint)(offset + i.Imm) < RegionWalk.PageSize;
                if (!goesOn) boxed = uint.MaxValue;
            }
            else if (i.Rd is >= RiscVSlot.F and < RiscVSlot.F + 32)
            {
                uint bit = 1u << (i.Rd - RiscVSlot.F);
                boxed = _boxes[(int)i.Op] ? boxed | bit : boxed & ~bit;
            }
        }
    }

    /// <summary>One of the ways to an offset.</summary>
    private void Reach(int offset, uint boxed)
    {
        if (!walk.Contains(offset) || !walk.IsHead(offset)) return;
        ref uint known = ref _atHead[offset >> 1];
        if ((known & ~boxed) == 0) return;
        known &= boxed;
        _changed = true;
    }
}
