namespace Doppel.CodeGen;

/// <summary>
/// What generated code and its engine share, as slots behind the instruction set's own: number 0 here is the first of them.
/// </summary>
public static class FrameSlot
{
    /// <summary>Has <see cref="LeaveCode"/> if another thread wants something. The same slot as <c>CpuState.AttentionSlot</c>.</summary>
    public const int Attention = 0;

    /// <summary>Address of the current read TLB: entries of two quadwords, {tag, addend}.</summary>
    public const int ReadTlb = 1;

    /// <summary>Address of the current write TLB.</summary>
    public const int WriteTlb = 2;

    /// <summary>Address of the current jump cache: entries of two quadwords, {guest virtual address, host address}.</summary>
    public const int JumpCache = 3;

    /// <summary>Address of the current table of present code pages: for page number n, quadword n is the virtual address at which it may be executed now, or all ones.</summary>
    public const int PresentPages = 4;

    /// <summary>The host's floating-point control and status word (x86: MXCSR) while the engine's own code runs.</summary>
    public const int HostFloatControl = 5;

    /// <summary>The guest's, rounding mode and sticky flags, while the engine's own code runs.</summary>
    public const int GuestFloatControl = 6;

    /// <summary>Address of the engine's function that generated code calls.</summary>
    public const int Callback = 7;

    /// <summary>The engine's own, for its function to find itself.</summary>
    public const int Engine = 8;

    /// <summary>What the function returns beside its status: a loaded value, or the host address to go on at.</summary>
    public const int Result = 9;

    /// <summary>How many guest instructions may be executed still, less those that were counted ahead; only in regions that count.</summary>
    public const int Budget = 10;

    /// <summary>First of two that generated code uses within one operation.</summary>
    public const int Scratch = 11;

    /// <summary>
    /// Address of the next entry, 32 bits each, of the list of sites and pairs that are not empty: the distances of their first slots from slot 0, in bytes, less
    /// <see cref="X64.X64Target.FrameBias"/>. There is room for all of them (<see cref="SiteLogLength"/>).
    /// </summary>
    public const int SiteLog = 13;

    /// <summary>Of that list, in slots.</summary>
    public const int SiteLogLength = (SiteCount + PairCount) * sizeof(int) / sizeof(ulong);

    /// <summary>Number of the context that generated code has selected last.</summary>
    public const int Context = 14;

    /// <summary>Address of the table of contexts: entries of eight quadwords, {number, read TLB, write TLB, jump cache, present pages, …}, found by <see cref="X64.X64Target.ContextIndex"/>.</summary>
    public const int Contexts = 15;

    /// <summary>How often sites may still be filled anew that have another page, or be looked at in a trial, until generated code wants attention (<see cref="LeaveCode"/>) for that.</summary>
    public const int Refills = 16;

    /// <summary>An address in the generated code that was the last to do so then; else 0.</summary>
    public const int Refiller = 17;

    /// <summary>Of the guest instruction whose access that was, the address less that of the region's page; with <see cref="RefillerPair"/> added if it was a pair.</summary>
    public const int RefillerDistance = 20;

    /// <summary>More than any such distance.</summary>
    public const int RefillerPair = 4096;

    /// <summary>Not 0 in a trial: no site is filled so that an access finds its page there, and accesses are counted.</summary>
    public const int SiteTrial = 18;

    /// <summary>How many accesses in a trial have found the page that their site had.</summary>
    public const int TrialHits = 19;

    /// <summary>A bit that every tag of a site has: without it, the tag says which page there would be, and no access finds it.</summary>
    public const ulong TrialTag = 0x800;

    /// <summary>The bit of <see cref="Attention"/> that says that generated code is to be left: the sign. The same as <c>CpuState.AttentionWanted</c>.</summary>
    public const ulong LeaveCode = 1UL << 63;

    /// <summary>First of the slots for temporaries.</summary>
    public const int Spill = 32;

    /// <summary>Behind them.</summary>
    public const int SpillEnd = 64;

    /// <summary>
    /// First of the sites, of two slots each: {tag, addend} of an access's last page. The tag is the page's address with its low bits set, but for those that are zero in an aligned
    /// address; so 0, which an empty site has, is the tag of none, and accesses of several sizes may share a site. Those with even numbers are of pages that may be
    /// read, the others of pages that may be written.
    /// </summary>
    public const int Sites = SpillEnd;

    /// <summary>How many sites there are.</summary>
    public const int SiteCount = 16384;

    /// <summary>
    /// First of the pairs: four slots each, {tag, addend, addend of the page behind it, unused}, of the last two pages of a load that follow each other. The tag is the first one's, as in <see cref="Sites"/>.
    /// </summary>
    public const int Pairs = Sites + 2 * SiteCount;

    /// <summary>How many pairs there are. Few accesses have one.</summary>
    public const int PairCount = 256;

    public const int Count = Pairs + 4 * PairCount;
}
