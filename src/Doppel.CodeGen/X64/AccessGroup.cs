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

    /// <summary>No other access can be one of these.</summary>
    private bool _isClosed;

    /// <summary>If there is one; and the code that fills it.</summary>
    public SiteAccess Site;
    public Label Fill;

    /// <summary>Whatever was here, it is another slot's now. All is done field by field: copies of the whole would wait for what has just been written.</summary>
    public void Begin(IrOperand slot, int low, int high)
    {
        (Slot, Low, High) = (slot, low, high);
        Last = Count = 0;
        Writes = _isClosed = false;
    }

    /// <summary>Adds an access unless it is too far away.</summary>
    public bool TryAdd(int offset, int end, int index, bool writes, int mostBytes)
    {
        long low = Math.Min(Low, offset), high = Math.Max(High, end);

        // One that is too far away is none of them, nor are those behind it: all up to the last one are.
        _isClosed |= high - low > mostBytes || end < offset;
        if (_isClosed) return false;
        (Low, High, Last) = ((int)low, (int)high, index);
        Count++;
        Writes |= writes;
        return true;
    }

    /// <summary>The accesses so far are those of the group.</summary>
    /// <param name="end">The last operation of the guest instruction that ends here.</param>
    /// <param name="isNew">Nothing is there yet.</param>
    public readonly void Complete(ref GroupBase group, int end, bool isNew)
    {
        if (!isNew && Last == group.Last) return;
        (group.Slot, group.Last, group.End) = (Slot, Last, end);
        (group.Low, group.High, group.Count, group.Writes) = (Low, High, Count, Writes);
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
