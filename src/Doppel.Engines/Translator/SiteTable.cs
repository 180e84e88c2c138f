using System.Runtime.InteropServices;
using Doppel.CodeGen;
using Doppel.CodeGen.X64;
using Doppel.Core.Vcpu;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// The pages that single accesses remember (<see cref="FrameSlot.Sites"/>), of one vCPU. They are filled from the TLBs of one view, and emptied when something is dropped there.
/// </summary>
internal sealed class SiteTable
{
    private readonly CpuState _state;
    private readonly int _frame;
    private readonly SlotBlock _log = new(FrameSlot.SiteLogLength);
    private DataTables? _owner;

    /// <param name="frame">The slot that is number 0 of <see cref="FrameSlot"/>.</param>
    public SiteTable(CpuState state, int frame)
    {
        _state = state;
        _frame = frame;
        Next = (ulong)_log.Address;
    }

    private ref ulong Next => ref _state.At(_frame + FrameSlot.SiteLog);

    /// <summary>Code that keeps its view is going to run with these tables.</summary>
    /// <returns>Whether it has run with others before.</returns>
    public bool Use(DataTables tables)
    {
        if (tables == _owner) return false;
        Clear();
        if (_owner is not null) _owner.Sites = null;
        _owner = tables;
        tables.Sites = this;
        return true;
    }

    /// <summary>Empties all.</summary>
    public void Clear()
    {
        int filled = (int)(Next - (ulong)_log.Address) / sizeof(int);
        if (filled == 0) return;
        foreach (int distance in MemoryMarshal.Cast<ulong, int>(_log.AsSpan())[..filled]) _state.At((distance + X64Target.FrameBias) / sizeof(ulong)) = 0;
        Next = (ulong)_log.Address;
    }
}
