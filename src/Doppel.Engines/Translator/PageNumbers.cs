using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// The numbers of code pages, and the tables in which generated code looks where they are (<see cref="CodeGen.FrameSlot.PresentPages"/>). Number 0 is never given out: the guard of a link that leads nowhere
/// compares with it.
/// </summary>
/// <remarks>
/// Any address can be that of a page, so an absent one must be said to be so, in every table. That is done as numbers are given out for the first time, a host page of slots at a time: few
/// machines need many, and tables take memory of the host only where they have been written to. Thread-safe; what is in a table is its vCPU's, for every number that has been given out.
/// </remarks>
/// <param name="count">How many there are, with number 0.</param>
internal sealed class PageNumbers(int count)
{
    /// <summary>In a table: the page may not be executed at any address.</summary>
    public const ulong Absent = ulong.MaxValue;

    private const int Batch = 512;

    private readonly Lock _lock = new();
    private readonly Stack<int> _returned = [];
    private readonly List<SlotBlock> _tables = [];
    private int _next = 1;

    // How many slots of each table say what they should.
    private int _prepared = Math.Min(Batch, count);

    /// <summary>Whether all are in use.</summary>
    public bool AreExhausted
    {
        get
        {
            lock (_lock) return _returned.Count == 0 && _next == count;
        }
    }

    /// <summary>A table in which no page is present.</summary>
    public SlotBlock NewTable()
    {
        var table = new SlotBlock(count);
        lock (_lock)
        {
            table.AsSpan()[.._prepared].Fill(Absent);
            _tables.Add(table);
        }

        return table;
    }

    /// <returns>False if all are in use.</returns>
    public bool TryTake(out int number)
    {
        lock (_lock)
        {
            if (_returned.TryPop(out number)) return true;
            if (_next == count) return false;
            number = _next++;
            if (number == _prepared) Prepare(Math.Min(_prepared + Batch, count));
            return true;
        }
    }

    /// <summary>The number can be given out again: it is in no table and in no link any more.</summary>
    public void Return(int number)
    {
        lock (_lock) _returned.Push(number);
    }

    // Nobody has these numbers yet, so nobody looks at their slots.
    private void Prepare(int end)
    {
        foreach (SlotBlock table in _tables) table.AsSpan()[_prepared..end].Fill(Absent);
        _prepared = end;
    }
}
