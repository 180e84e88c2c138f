using Doppel.CodeGen.X64;

namespace Doppel.Engines.Translator;

/// <summary>Generated code for guest code of one page, entered at one place; links of the page may also lead to others within it.</summary>
/// <param name="entries">Where else it may be entered.</param>
internal sealed class Region(CodePage page, int key, ulong lines, nint address, EntrySite[] entries)
{
    /// <summary>With more links it is worth the memory to find one at once.</summary>
    private const int FewLinks = 16;

    private int[] _incoming = [];
    private int _incomingCount;

    // Instead, if there are many.
    private HashSet<int>? _many;

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
    public int[] Incoming => _many is null ? _incoming[.._incomingCount] : [.. _many];

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
        if (_incomingCount == FewLinks)
        {
            _many = [.. Incoming];
            _incoming = [];
            _incomingCount = 0;
        }

        if (_many is not null)
        {
            _many.Add(link);
            return;
        }

        if (_incomingCount == _incoming.Length) Array.Resize(ref _incoming, Math.Max(2, 2 * _incomingCount));
        _incoming[_incomingCount++] = link;
    }

    public void RemoveIncoming(int link)
    {
        if (_many is not null)
        {
            _many.Remove(link);
            return;
        }

        for (int i = 0; i < _incomingCount; i++)
        {
            if (_incoming[i] != link) continue;
            _incoming[i] = _incoming[--_incomingCount];
            return;
        }
    }
}
