namespace Doppel.Engines.Translator;

/// <summary>Generated code for guest code of one page, entered at one place.</summary>
internal sealed class Region(CodePage page, int key, ulong lines, nint address)
{
    private HashSet<int>? _incoming;

    public CodePage Page => page;

    /// <summary>See <see cref="CodePage.Key"/>.</summary>
    public int Key => key;

    /// <summary>The 64-byte lines of the page that it was made from.</summary>
    public ulong Lines => lines;

    /// <summary>Where its code is.</summary>
    public nint Address => address;

    /// <summary>It is not to be found any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>Links that lead here, to be undone when the region goes.</summary>
    public IReadOnlyCollection<int> Incoming => _incoming ?? (IReadOnlyCollection<int>)[];

    public void AddIncoming(int link) => (_incoming ??= []).Add(link);

    public void RemoveIncoming(int link) => _incoming?.Remove(link);
}
