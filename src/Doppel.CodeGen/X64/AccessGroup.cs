using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64.Assembler;

namespace Doppel.CodeGen.X64;

/// <summary>An access that may be one of a group.</summary>
internal struct GroupMember
{
    public int Index;

    /// <summary>The last operation of its guest instruction.</summary>
    public int InstructionEnd;
    public IrOperand Slot;

    /// <summary>Its offset, and the end of what it reads or writes.</summary>
    public int Low;
    public int High;
    public bool Writes;

    /// <summary>Control may have left before it.</summary>
    public bool MayBeLeftOut;
}

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

    /// <summary>Bytes of the largest access.</summary>
    public int Widest;

    public int Count;
    public bool Writes;

    /// <summary>All are within one of them, as when a variable is changed: if that one is aligned, they lie in one page.</summary>
    public readonly bool IsOnePlace => High - Low == Widest;

    /// <summary>No other access can be one of these.</summary>
    private bool _isClosed;

    /// <summary>If there is one; and the code that fills it.</summary>
    public SiteAccess Site;
    public Label Fill;

    /// <summary>Whatever was here, it is another slot's now. All is done field by field: copies of the whole would wait for what has just been written.</summary>
    public void Begin(in GroupMember member)
    {
        (Slot, Low, High) = (member.Slot, member.Low, member.High);
        Last = End = Count = Widest = 0;
        Writes = _isClosed = false;
    }

    /// <summary>Adds an access unless it is too far away.</summary>
    public void TryAdd(in GroupMember member, int mostBytes)
    {
        long low = Math.Min(Low, member.Low), high = Math.Max(High, member.High);

        // One that is too far away is none of them, nor are those behind it: all up to the last one are.
        _isClosed |= high - low > mostBytes || member.High < member.Low;
        if (_isClosed) return;
        (Low, High, Last, End) = ((int)low, (int)high, member.Index, member.InstructionEnd);
        Widest = Math.Max(Widest, member.High - member.Low);
        Count++;
        Writes |= member.Writes;
    }
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

    /// <summary>The number of the guest instruction behind it.</summary>
    public int Next;

    /// <summary>Instructions counted and not begun behind the first one.</summary>
    public int Ahead;

    public GroupBases Bases;
    public int BaseCount;

    /// <summary>The second version, and where it goes on in the region.</summary>
    public Label Slow;
    public Label Back;
}
