using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Mmu;

/// <summary>From virtual pages to code pages; tags as in <see cref="Tlb"/>.</summary>
internal sealed class CodeTlb
{
    private const int Entries = 512;
    private const ulong Invalid = ulong.MaxValue;
    private readonly Entry[] _entries = new Entry[Entries];

    public CodeTlb() => Clear();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CodePage? Find(ulong address, ulong key)
    {
        ref Entry entry = ref _entries[(int)(address >> 12) & (Entries - 1)];
        return entry.Tag == ((address & MemoryUnit.PageMask) | key) ? entry.Page : null;
    }

    public void Fill(ulong address, ulong key, CodePage page)
    {
        ref Entry entry = ref _entries[(int)(address >> 12) & (Entries - 1)];
        entry.Tag = (address & MemoryUnit.PageMask) | key;
        entry.Page = page;
    }

    public void Drop(ulong address) => _entries[(int)(address >> 12) & (Entries - 1)].Tag = Invalid;

    public void Clear()
    {
        foreach (ref Entry entry in _entries.AsSpan())
        {
            entry.Tag = Invalid;
            entry.Page = null;
        }
    }

    private struct Entry
    {
        public ulong Tag;
        public CodePage? Page;
    }
}
