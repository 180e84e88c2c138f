using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>Accesses of a group through one slot, which nobody changes between them.</summary>
internal struct GroupBase
{
    public IrOperand Slot;

    /// <summary>The last access, and the last operation of its guest instruction.</summary>
    public int Last;
    public int End;

    /// <summary>The lowest offset, and the end of the highest.</summary>
    public int Low;
    public int High;

    public int Count;
    public bool Writes;

    /// <summary>If there is one; and the code that fills it.</summary>
    public SiteAccess Site;
    public Label Fill;

    /// <summary>No other access can be one of these.</summary>
    public bool IsClosed;
}

/// <summary>One entry for each slot that a group goes through.</summary>
[InlineArray(Length)]
internal struct GroupBases
{
    public const int Length = 2;

    private GroupBase _first;
}

/// <summary>Accesses that are looked up together; see <see cref="X64Backend"/>.</summary>
internal struct AccessGroup
{
    /// <summary>The first access, and the last operation of the guest instruction with the last one.</summary>
    public int First;
    public int End;

    /// <summary>Of the first guest instruction.</summary>
    public int Distance;

    /// <summary>Instructions counted and not begun behind the first one.</summary>
    public int Ahead;

    public GroupBases Bases;
    public int BaseCount;

    /// <summary>The second version, and where it goes on in the region.</summary>
    public Label Slow;
    public Label Back;
}
