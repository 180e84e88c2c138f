using System.Runtime.InteropServices;
using Doppel.CodeGen.X64;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// What one view of code knows: which code pages are where, and the jump cache, direct-mapped entries of two quadwords {virtual address, host address}. One vCPU's.
/// </summary>
/// <remarks>
/// A jump cache entry exists only while its page is among the present ones, so that dropping a page can tell whether there is anything to drop. The address of an empty entry is 0, as with
/// <see cref="DataTables"/>: only the address 0 is found that way, and its place is the first entry, which is <see cref="None"/> when empty.
/// </remarks>
/// <param name="pages">The numbers of the pages that can be present.</param>
internal sealed class FetchTables(PageNumbers pages) : IViewTables
{
    private const int Entries = X64Target.JumpCacheEntries;
    private const int LogLimit = 1024;

    /// <summary>No address of code.</summary>
    private const ulong None = ulong.MaxValue;

    /// <summary>Comparing more pages than this costs more than finding those again that are still wanted.</summary>
    private const int KeptPages = 48;

    private readonly SlotBlock _jumps = Empty();
    private readonly SlotBlock _present = pages.NewTable();
    private readonly Dictionary<ulong, CodePage> _pages = [];

    // The same, with the version that each page had when it was entered here.
    private readonly List<(CodePage Page, int Version)> _entered = [];
    private readonly List<int> _log = [];
    private bool _hasLocal;

    public ulong Space { get; set; }

    public uint Generation { get; set; }

    public nint JumpsAddress => _jumps.Address;

    public nint PresentAddress => _present.Address;

    public CodePage? PageAt(ulong page) => _pages.GetValueOrDefault(page);

    /// <param name="page">The virtual address at which the page may be executed now.</param>
    /// <param name="global">It may be in every space.</param>
    public void AddPage(ulong page, CodePage code, bool global)
    {
        _pages[page] = code;
        _entered.Add((code, code.Version));
        _present.At(code.Number) = page;
        _hasLocal |= !global;
    }

    /// <summary>Makes the guard of links to the page pass for this virtual address, which must be one of the page's.</summary>
    public void Prefer(ulong page, CodePage code) => _present.At(code.Number) = page;

    /// <summary>The code for a virtual address, if it is in the jump cache; else 0.</summary>
    public nint FindJump(ulong address)
    {
        int index = IndexOf(address);
        return _jumps.At(2 * index) == address ? (nint)_jumps.At((2 * index) + 1) : 0;
    }

    public void AddJump(ulong address, nint code)
    {
        int index = IndexOf(address);
        _jumps.At(2 * index) = address;
        _jumps.At((2 * index) + 1) = (ulong)code;
        if (_log.Count <= LogLimit) _log.Add(index);
    }

    public void DropPage(ulong page)
    {
        if (_pages.ContainsKey(page)) Clear();
    }

    public void DropLocal()
    {
        if (_hasLocal) Clear();
    }

    public void Clear()
    {
        foreach ((CodePage page, _) in _entered) _present.At(page.Number) = PageNumbers.Absent;
        _pages.Clear();
        _entered.Clear();
        if (_log.Count > LogLimit) _jumps.AsSpan().Clear();
        else foreach (int index in _log) _jumps.At(2 * index) = 0;
        _jumps.At(0) = None;
        _log.Clear();
        _hasLocal = false;
    }

    /// <summary>After a fence of code: looks at all pages at once, if they are few, instead of forgetting them and looking at each when it is next entered.</summary>
    /// <param name="areRight">Compares pages with memory; false if any of their code is gone since they had these versions, which another vCPU may have seen to.</param>
    /// <param name="generation">What the tables are of, if they can be kept.</param>
    /// <returns>False, with nothing changed, if they must be cleared.</returns>
    public bool TryKeep(PageComparison areRight, uint generation)
    {
        if (_entered.Count > KeptPages || !areRight(CollectionsMarshal.AsSpan(_entered))) return false;
        Generation = generation;
        return true;
    }

    private static int IndexOf(ulong address) => X64Target.JumpCacheIndex(address);

    private static SlotBlock Empty()
    {
        var block = new SlotBlock(2 * Entries);
        block.At(0) = None;
        return block;
    }
}

/// <summary>Compares pages with memory.</summary>
/// <returns>Whether all regions are still there that were when the pages had these versions.</returns>
internal delegate bool PageComparison(ReadOnlySpan<(CodePage Page, int Version)> pages);
