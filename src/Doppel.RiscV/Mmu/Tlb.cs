using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Mmu;

/// <summary>One cached page: the tag that an access must match, and what to add to the virtual address to get the offset in RAM.</summary>
internal struct TlbEntry
{
    public ulong Tag;
    public ulong Addend;
}

/// <summary>
/// A direct-mapped cache of page translations for one kind of access. A tag is the page's virtual address with a key in bits 3–11; the key names
/// the privilege and the address space, so that changing either is a change of key, not a flush. Bits 0–2 of a tag are 0, so that an
/// access masked with its alignment bits matches only if it is aligned.
/// </summary>
internal sealed class Tlb
{
    private const int Entries = 1024;
    private const ulong Invalid = ulong.MaxValue;
    private readonly TlbEntry[] _entries = new TlbEntry[Entries];

    public Tlb() => Clear();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref TlbEntry At(ulong address) => ref _entries[(int)(address >> 12) & (Entries - 1)];

    public void Fill(ulong address, ulong key, ulong ramOffset)
    {
        ref TlbEntry entry = ref At(address);
        entry.Tag = (address & ~0xfffUL) | key;
        entry.Addend = ramOffset - address;
    }

    public void Drop(ulong address) => At(address).Tag = Invalid;

    public void Clear()
    {
        foreach (ref TlbEntry entry in _entries.AsSpan()) entry.Tag = Invalid;
    }
}
