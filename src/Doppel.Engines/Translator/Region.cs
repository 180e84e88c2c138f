using Doppel.CodeGen.X64;

namespace Doppel.Engines.Translator;

/// <summary>Generated code for guest code of one page, entered at one place; links of the page may also lead to others within it.</summary>
/// <param name="entries">Where else it may be entered.</param>
internal sealed class Region(CodePage page, int key, ulong lines, nint address, EntrySite[] entries)
{
    /// <summary>With more links it is worth the memory to find one at once.</summary>
    private const int FewLinks = 16;

    private ICollection<int>? _incoming;

    public CodePage Page => page;

    /// <summary>See <see cref="CodePage.Key"/>.</summary>
    public int Key => key;

    /// <summary>The 64-byte lines of the page that it was made from.</summary>
    public ulong Lines => lines;

    /// <summary>Where its code is.</summary>
    public nint Address => address;

    public ReadOnlySpan<EntrySite> Entries => entries;

    /// <summary>It is not to be found any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>Links that lead here, to be undone when the region goes.</summary>
    public IEnumerable<int> Incoming => _incoming ?? [];

    /// <summary>Where it is entered at an offset of the page; 0 if nowhere.</summary>
    public nint AddressOf(int offset)
    {
        if (offset == key >> 8) return address;
        foreach (EntrySite entry in entries)
        {
            if (entry.Distance == offset) return address + entry.Offset;
        }

        return 0;
    }

    public void AddIncoming(int link)
    {
        _incoming ??= new List<int>(capacity: 1);
        if (_incoming is List<int> { Count: FewLinks } few) _incoming = new HashSet<int>(few);
        _incoming.Add(link);
    }

    public void RemoveIncoming(int link) => _incoming?.Remove(link);
}
