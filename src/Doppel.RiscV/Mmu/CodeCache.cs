using Doppel.Core.Memory;
using Doppel.RiscV.Isa;

namespace Doppel.RiscV.Mmu;

/// <summary>The code pages of one hart by physical address. Private to the hart, so nothing here is locked.</summary>
internal sealed class CodeCache
{
    /// <summary>About 28 KiB each, next to nothing if they keep nothing that is decoded; a full Debian kernel and its daemons touch fewer at a time.</summary>
    private const int MaxPages = 4096;

    private readonly Dictionary<ulong, CodePage> _pages = [];
    private uint _epoch;

    /// <param name="scratch">See <see cref="CodePage"/>.</param>
    public CodePage Get(ulong address, MemoryRegion region, bool perInstructionChecks, Instruction[]? scratch)
    {
        if (_pages.TryGetValue(address, out CodePage? page) && page.PerInstructionChecks == perInstructionChecks) return page;

        // Full: start again. Rare, and simpler than keeping an order of use.
        if (_pages.Count >= MaxPages) _pages.Clear();
        page = new CodePage(region, address - region.Address, perInstructionChecks, scratch) { Epoch = _epoch };
        _pages[address] = page;
        return page;
    }

    /// <summary>Every page is compared with memory before it is executed again.</summary>
    public void NextEpoch() => _epoch++;

    public void Validate(CodePage page)
    {
        if (page.Epoch == _epoch) return;
        page.Revalidate();
        page.Epoch = _epoch;
    }

    public void Clear() => _pages.Clear();
}
