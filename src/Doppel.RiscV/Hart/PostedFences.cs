using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Hart;

/// <summary>The <c>sfence.vma</c> that other harts have asked of one, until it carries them out. Thread-safe.</summary>
internal sealed class PostedFences
{
    /// <summary>More than these, as a hart that sleeps may be asked for, become one of everything.</summary>
    public const int Capacity = 16;

    private readonly Lock _lock = new();
    private readonly List<RemoteFence> _fences = new(Capacity);

    public void Add(in RemoteFence fence)
    {
        lock (_lock)
        {
            if (_fences is [{ IsAll: true }]) return;
            bool all = fence.IsAll || _fences.Count == Capacity;
            if (all) _fences.Clear();
            _fences.Add(all ? RemoteFence.Translations : fence);
        }
    }

    /// <summary>On the hart's own thread.</summary>
    public void CarryOut(MemoryUnit memory)
    {
        lock (_lock)
        {
            foreach (RemoteFence fence in _fences) fence.CarryOut(memory);
            _fences.Clear();
        }
    }
}
