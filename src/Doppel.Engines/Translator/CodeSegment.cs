namespace Doppel.Engines.Translator;

/// <summary>A part of the code memory that is filled, and later emptied, as a whole. Guarded by the code cache's lock.</summary>
/// <param name="start">Offset of its first byte in the code memory.</param>
/// <param name="end">Offset of the byte behind its last.</param>
internal sealed class CodeSegment(int number, int start, int end)
{
    private const int LinkBits = 24;
    private const int MaxLinks = 1 << LinkBits;

    private readonly int _start = start;

    public List<Region> Regions { get; } = [];

    public List<Link> Links { get; } = [];

    /// <summary>Of pages that went with the segment: to be used again when nobody can have them any more.</summary>
    public List<int> PageNumbers { get; } = [];

    /// <summary>Where the next region begins.</summary>
    public int Used { get; set; } = start;

    /// <summary>The number under which its code was withdrawn (<see cref="CodeUsers"/>).</summary>
    public int Withdrawal { get; set; }

    /// <summary>What is in it is not to be found any more.</summary>
    public bool IsWithdrawn { get; set; }

    /// <summary>The number of the next link.</summary>
    public int NextLink => number << LinkBits | Links.Count;

    /// <summary>The number of the segment of a link, and its index there.</summary>
    public static (int Segment, int Index) Place(int link) => (link >>> LinkBits, link & (MaxLinks - 1));

    /// <summary>Whether an offset in the code memory is in its used part.</summary>
    public bool Contains(int offset) => offset >= _start && offset < Used;

    /// <summary>The region with the code at an address, which is in the segment's used part: they lie one behind the other.</summary>
    public Region? RegionOf(nint address)
    {
        int low = 0, high = Regions.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Regions[middle].Address <= address) low = middle + 1;
            else high = middle;
        }

        return low == 0 ? null : Regions[low - 1];
    }

    public bool HasRoom(int bytes, int links) => bytes <= end - Used && links <= MaxLinks - Links.Count;

    /// <summary>Begins anew. What was in it must have been withdrawn, and left by everybody.</summary>
    public void Empty()
    {
        Regions.Clear();
        Links.Clear();
        PageNumbers.Clear();
        Used = _start;
        IsWithdrawn = false;
    }
}
