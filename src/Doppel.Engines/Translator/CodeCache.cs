using System.Diagnostics;
using System.Runtime.InteropServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.Core.Engine;
using Doppel.Engines.Translator.Observation;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// Generated code: its memory, the pages and regions, and the links between them. Shared by all vCPUs of a machine; every member locks.
/// </summary>
/// <remarks>
/// The memory is filled segment by segment. When one is begun, what is in the next, which is the oldest, is withdrawn: nothing leads there any more. It is used again when it is
/// needed and all vCPUs have left generated code since; until they have, nothing is translated, and who finds no code has an instruction interpreted.
/// </remarks>
internal sealed class CodeCache : IDisposable
{
    /// <summary>Pages that can hold translated code at a time; page number 0 is never used.</summary>
    public const int MaxPages = 16384;

    private const int Segments = 8;
    private const int Alignment = 64;

    private readonly Lock _lock = new();
    private readonly IFrontEnd _frontEnd;
    private readonly Lazy<TranslationPipeline> _pipeline;
    private readonly CodeMemory _memory;
    private readonly Dictionary<ulong, CodePage> _pages = [];
    private readonly PageNumbers _numbers = new(MaxPages);
    private readonly CodeSegment[] _segments;
    private readonly CodeUsers _users;
    private readonly TranslatorCounters _counters;
    private readonly int _vcpus;
    private readonly IReadOnlyList<ICodeObserver> _observers;
    private readonly Action _withdrawn;
    private int _current;

    /// <param name="withdrawn">Called when code has been withdrawn: all vCPUs must leave generated code soon.</param>
    public CodeCache(IFrontEnd frontEnd, X64Target target, TranslatorOptions options, int vcpus, TranslatorCounters counters, Action withdrawn)
    {
        var stubs = new X64Stubs(target);
        _frontEnd = frontEnd;
        _pipeline = new Lazy<TranslationPipeline>(() => new TranslationPipeline(frontEnd.PcSlot, target, stubs));
        _counters = counters;
        _vcpus = vcpus;
        _users = new CodeUsers(vcpus);
        _observers = options.Observers;
        _withdrawn = withdrawn;
        _memory = CodeMemory.Allocate(options.CodeBytes, anonymous: _observers.Any(o => o.WantsAnonymousCode));
        _memory.Write(0, stubs.Code);
        EnterAddress = _memory.Address + stubs.Enter;
        int start = Aligned(stubs.Code.Length), size = (_memory.Length - start) / Segments & -Alignment;
        _segments = [.. Enumerable.Range(0, Segments).Select(i => new CodeSegment(i, start + i * size, start + (i + 1) * size))];
    }

    /// <summary>Where generated code is entered.</summary>
    public nint EnterAddress { get; }

    /// <summary>Which vCPUs may be executing what has been withdrawn.</summary>
    public CodeUsers Users => _users;

    /// <summary>The numbers of pages, and the tables of those that are present.</summary>
    public PageNumbers Numbers => _numbers;

    /// <summary>Only after all vCPUs have ended.</summary>
    public void Dispose() => _memory.Dispose();

    /// <summary>The page, whose copy is right for this fence count of a vCPU; null if there are too many at the moment.</summary>
    public CodePage? PageOf(in PageMapping mapping, int vcpu, uint epoch)
    {
        lock (_lock)
        {
            ulong address = mapping.Region.Address + mapping.Offset;
            if (!_pages.TryGetValue(address, out CodePage? page))
            {
                if (_numbers.AreExhausted && !TryAdvance(null, null)) return null;
                if (!_numbers.TryTake(out int number)) return null;
                page = new CodePage(number, mapping.Region, mapping.Offset, _vcpus);
                page.Validate(vcpu, epoch);
                _pages.Add(address, page);
            }
            else if (!page.IsValid(vcpu, epoch))
            {
                foreach (Region region in page.Validate(vcpu, epoch)) Drop(region);
            }

            return page;
        }
    }

    /// <summary>Compares pages with memory for a fence count of a vCPU.</summary>
    /// <returns>Whether all regions are still there that were when the pages had these versions.</returns>
    public bool AreRight(ReadOnlySpan<(CodePage Page, int Version)> pages, int vcpu, uint epoch)
    {
        lock (_lock)
        {
            foreach ((CodePage page, _) in pages)
            {
                foreach (Region region in page.Validate(vcpu, epoch)) Drop(region);
            }

            // With the page that it ends in a region goes from its own, which may have been compared before.
            bool areRight = true;
            foreach ((CodePage page, int version) in pages) areRight &= page.Version == version && !page.IsRetired;
            return areRight;
        }
    }

    /// <summary>Whether what begins at an offset of a page depends on the page behind.</summary>
    public bool NeedsNextPage(CodePage page, int entry)
    {
        if (entry <= CodePage.Size - CodePage.LongestInstruction) return false;
        lock (_lock)
        {
            byte[] text = _pipeline.Value.Text;
            page.Read(text);
            return _frontEnd.NeedsNextPage(text, entry);
        }
    }

    /// <summary>The region of a page that is entered at an offset, translated if need be; null if there is no room for it at the moment, or it is not to be translated.</summary>
    /// <param name="mode">What the translation relies on; see <see cref="ProcessorContext.CodeMode"/>.</param>
    /// <param name="next">The page behind, if <see cref="IFrontEnd.NeedsNextPage"/> says so.</param>
    /// <param name="address">The virtual address that it is entered at this time; for those who observe.</param>
    /// <param name="makes">Whether it is to be translated if it is not yet.</param>
    public Region? RegionAt(CodePage page, int entry, uint mode, CodePage? next, ulong address, bool makes)
    {
        lock (_lock)
        {
            if (page.IsRetired || next is { IsRetired: true }) return null;
            return page.Find(CodePage.Key(entry, mode)) ?? (makes ? Translate(page, entry, mode, next, address) : null);
        }
    }

    /// <summary>Where a link within a page may lead at an offset: a region that is there already, and where it is entered.</summary>
    public Region? EntryAt(CodePage page, int offset, uint mode, out nint address)
    {
        lock (_lock) return page.FindEntry(offset, mode, out address);
    }

    /// <summary>Code with an access that goes to and fro between pages is translated anew, so that it remembers two, or none.</summary>
    /// <returns>Whether the vCPU that has executed it must forget all addresses of code: links lead there no more, but jump caches do. So it is too if another vCPU has had it translated anew before.</returns>
    public bool GiveUpSite(SiteUser user)
    {
        lock (_lock)
        {
            int offset = (int)(user.Code - _memory.Address);
            CodeSegment? segment = Array.Find(_segments, s => s.Contains(offset));
            if (segment?.RegionOf(user.Code) is not { } region) return false;
            if (region.IsGone) return true;
            region.Page.GiveUpSite(user.Distance, user.HasPair);
            region.Page.Remove(region);
            Unlink(region);
            _counters.GaveUpSite();
            return true;
        }
    }

    /// <summary>The link with a number.</summary>
    public Link LinkAt(int number)
    {
        lock (_lock) return At(number);
    }

    /// <summary>
    /// Makes a link lead to a region. The guard and the jump of a link to another page cannot be changed at once, so that one that has been linked before is changed only
    /// when no other vCPU can be between them.
    /// </summary>
    /// <param name="address">Where the region is entered.</param>
    /// <param name="vcpu">Whose code it is that wants to go there; it is not between them.</param>
    public void Connect(int number, Region target, nint address, int vcpu)
    {
        lock (_lock)
        {
            Link link = At(number);
            if (target.IsGone || _segments[CodeSegment.Place(number).Segment].IsWithdrawn) return;
            int jump = link.Offset + link.Site.Jump;
            int distance = (int)(address - (_memory.Address + jump + sizeof(int)));
            if (link.WithinPage)
            {
                _memory.Patch(jump, distance);
            }
            else
            {
                int guard = link.Offset + link.Site.Guard;
                if (_vcpus > 1 && (link.Target is not null || (link.Undone is { } undone && !_users.HaveLeft(undone, except: vcpu)))) return;
                _memory.Patch(jump, distance);
                _memory.Patch(guard, target.Page.Number * sizeof(ulong));
            }

            link.Target?.RemoveIncoming(number);
            At(number) = link with { Target = target };
            target.AddIncoming(number);
        }
    }

    private static int Aligned(int length) => (length + Alignment - 1) & -Alignment;

    private ref Link At(int number)
    {
        (int segment, int index) = CodeSegment.Place(number);
        return ref CollectionsMarshal.AsSpan(_segments[segment].Links)[index];
    }

    private Region? Translate(CodePage page, int entry, uint mode, CodePage? next, ulong address)
    {
        TranslationPipeline pipeline = _pipeline.Value;
        IrRegion ir = pipeline.Ir;
        ir.Reset();
        page.Read(pipeline.Text);
        next?.Read(pipeline.NextText);
        long start = Stopwatch.GetTimestamp();
        var code = new GuestCode
        {
            Page = pipeline.Text,
            NextPage = next is null ? default : pipeline.NextText,
            NextPageNumber = next?.Number ?? 0,
            Entry = entry,
            Mode = mode,
            Regions = page.Entries(mode),
        };
        _frontEnd.Translate(code, ir);
        ir.KeepsView = _frontEnd.KeepsView(mode);
        ir.WithoutSites = page.WithoutSites;
        ir.WithPairs = page.WithPairs;
        pipeline.Passes.Run(ir);
        CompiledRegion compiled = pipeline.Backend.Compile(ir, _segments[_current].NextLink);
        if (!_segments[_current].HasRoom(compiled.Code.Length, compiled.Links.Length))
        {
            if (!TryAdvance(page, next)) return null;
            compiled = pipeline.Backend.Compile(ir, _segments[_current].NextLink);
            if (!_segments[_current].HasRoom(compiled.Code.Length, compiled.Links.Length)) return null;
        }

        CodeSegment segment = _segments[_current];
        int offset = segment.Used;
        pipeline.Backend.Relocate(offset);
        _memory.Write(offset, compiled.Code);
        foreach (LinkSite site in compiled.Links) segment.Links.Add(new Link(site, offset));
        segment.Used += (compiled.Code.Length + 15) & -16;
        var region = new Region(page, CodePage.Key(entry, mode), ir.Lines, _memory.Address + offset, compiled.Entries.ToArray());
        segment.Regions.Add(region);
        page.Add(region, pipeline.Text);
        next?.AddGuest(region);
        _counters.Translated(ir.Instructions, ir.GuestBytes, compiled.Code.Length, Stopwatch.GetElapsedTime(start));
        foreach (ICodeObserver observer in _observers)
            observer.Made(new ObservedCode(address, page.Address, entry, _frontEnd.NameOfMode(mode), ir.Instructions, ir.GuestBytes, region.Address, compiled.Code.Length));
        return region;
    }

    /// <summary>Begins the next segment, and withdraws what is in the one behind that.</summary>
    /// <param name="page">A page that is in use, as is the other one.</param>
    /// <returns>False, with nothing changed, if a vCPU may still be in the next segment.</returns>
    private bool TryAdvance(CodePage? page, CodePage? other)
    {
        int number = (_current + 1) % Segments;
        CodeSegment next = _segments[number];
        if (next.IsWithdrawn && !_users.HaveLeft(next.Withdrawal)) return false;
        foreach (int free in next.PageNumbers) _numbers.Return(free);
        next.Empty();
        _current = number;
        CodeSegment oldest = _segments[(number + 1) % Segments];
        if (oldest.Regions.Count > 0 || _numbers.AreExhausted) Withdraw(oldest, page, other);
        return true;
    }

    private void Withdraw(CodeSegment segment, CodePage? page, CodePage? other)
    {
        // First its own links are forgotten, so that those among its regions need not be undone.
        segment.IsWithdrawn = true;
        int first = segment.NextLink - segment.Links.Count;
        for (int i = 0; i < segment.Links.Count; i++) segment.Links[i].Target?.RemoveIncoming(first + i);
        int regions = 0;
        foreach (Region region in segment.Regions)
        {
            if (region.IsGone) continue;
            regions++;
            region.Page.Remove(region);
            Unlink(region);
        }

        foreach ((ulong address, CodePage empty) in _pages.Where(p => p.Value != page && p.Value != other && p.Value.IsEmpty()).ToArray())
        {
            _pages.Remove(address);
            empty.IsRetired = true;
            segment.PageNumbers.Add(empty.Number);
        }

        segment.Withdrawal = _users.Withdraw();
        _counters.Evicted(regions);
        _withdrawn();
    }

    /// <summary>The region's guest code has changed. Another vCPU that is in it may go on there until its own fence.</summary>
    private void Drop(Region region)
    {
        if (region.IsGone) return;
        _counters.Invalidated();
        Unlink(region);
    }

    /// <summary>Nothing leads to the region any more.</summary>
    private void Unlink(Region region)
    {
        region.IsGone = true;
        foreach (int number in region.Incoming)
        {
            ref Link link = ref At(number);
            if (link.WithinPage) _memory.Patch(link.Offset + link.Site.Jump, link.Site.Cold - (link.Site.Jump + sizeof(int)));
            else _memory.Patch(link.Offset + link.Site.Guard, 0);
            link = link with { Target = null, Undone = _users.Latest + 1 };
        }
    }
}
