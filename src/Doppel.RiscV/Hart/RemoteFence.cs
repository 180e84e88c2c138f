// SBI 2.0, chapter 8 "RFENCE Extension".
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Hart;

/// <summary>A fence that one hart asks of another: <c>fence.i</c>, or <c>sfence.vma</c> of everything, of an address space, or of a range of addresses.</summary>
public readonly record struct RemoteFence
{
    /// <summary>With more pages than this, finding again what a fence of all pages has dropped costs less than to drop one after the other.</summary>
    private const ulong MostPages = 64;

    private const ulong PageSize = 4096;

    /// <summary><c>fence.i</c>.</summary>
    public static RemoteFence Code { get; } = new() { IsCode = true };

    /// <summary><c>sfence.vma</c> of everything.</summary>
    public static RemoteFence Translations { get; }

    /// <summary>Whether it is <c>fence.i</c>.</summary>
    public bool IsCode { get; private init; }

    /// <summary>Whether nothing that was translated may be kept.</summary>
    public bool IsAll => !IsCode && Pages == 0 && Space is null;

    /// <summary>The virtual address of the first page.</summary>
    public ulong First { get; private init; }

    /// <summary>How many pages; 0 for all addresses.</summary>
    public ulong Pages { get; private init; }

    /// <summary>The only ASID whose translations are meant, and not the global ones; null for all.</summary>
    public ulong? Space { get; private init; }

    /// <summary><c>sfence.vma</c> of a range.</summary>
    /// <param name="start">Its first virtual address.</param>
    /// <param name="size">Bytes. Start and size of 0, and a size of all ones, are the whole address space.</param>
    /// <param name="asid">Of an address space; null for all of them.</param>
    public static RemoteFence Of(ulong start, ulong size, ulong? asid)
    {
        ulong first = start & ~(PageSize - 1);
        ulong pages = size > MostPages * PageSize ? 0 : (start - first + size + PageSize - 1) / PageSize;
        bool all = (start == 0 && size == 0) || pages is 0 or > MostPages;
        return new RemoteFence { First = all ? 0 : first, Pages = all ? 0 : pages, Space = asid };
    }

    /// <summary>Forgets what the fence says, and perhaps more.</summary>
    internal void CarryOut(MemoryUnit memory)
    {
        if (IsCode) memory.FlushCode();
        else if (IsAll) memory.FlushTranslations();
        else if (Pages == 0) memory.FlushSpace(Space.GetValueOrDefault());
        for (ulong i = 0; i < Pages; i++) memory.FlushPage(First + (i * PageSize));
    }
}
