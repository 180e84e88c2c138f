using System.Diagnostics;
using System.Runtime.InteropServices;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Core.Engine;
using Doppel.Engines.Translator.Observation;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// Generated code of one generation: its memory, the pages and regions, and the links between them. Shared by all vCPUs of a machine; every member locks. When it is
/// full, a new one takes its place, and this one goes when the last vCPU has left it.
/// </summary>
internal sealed class CodeCache
{
    /// <summary>Pages that can hold translated code at a time; page number 0 is never used.</summary>
    public const int MaxPages = 16384;

    /// <summary>Room that must be left for a region; the largest have a few tens of kilobytes.</summary>
    private const int Reserve = 1 << 18;
    private const int Alignment = 16;

    private readonly Lock _lock = new();
    private readonly IFrontEnd _frontEnd;
    private readonly Lock _frontEndLock;
    private readonly PassPipeline _passes;
    private readonly X64Backend _backend;
    private readonly IrRegion _ir = new();
    private readonly CodeMemory _memory;
    private readonly Dictionary<ulong, CodePage> _pages = [];
    private readonly List<Link> _links = [];
    private readonly TranslatorCounters _counters;
    private readonly int _vcpus;
    private readonly IReadOnlyList<ICodeObserver> _observers;
    private int _used;
    private int _users;
    private bool _retired;

    /// <param name="frontEndLock">Held while the front end, which serves all caches of a machine, works.</param>
    public CodeCache(IFrontEnd frontEnd, Lock frontEndLock, X64Target target, int bytes, int vcpus, TranslatorCounters counters, IReadOnlyList<ICodeObserver> observers)
    {
        var stubs = new X64Stubs(target);
        _frontEnd = frontEnd;
        _frontEndLock = frontEndLock;
        _backend = new X64Backend(target, stubs);
        _passes = new PassPipeline(frontEnd.PcSlot);
        _counters = counters;
        _vcpus = vcpus;
        _observers = observers;
        _memory = CodeMemory.Allocate(bytes, anonymous: observers.Any(o => o.WantsAnonymousCode));
        _memory.Write(0, stubs.Code);
        EnterAddress = _memory.Address + stubs.Enter;
        _used = Aligned(stubs.Code.Length);
    }

    /// <summary>Where generated code is entered.</summary>
    public nint EnterAddress { get; }

    /// <summary>No room for another region or page: a new cache is needed.</summary>
    public bool IsFull => _used > _memory.Length - Reserve || _pages.Count >= MaxPages - 1;

    /// <summary>A vCPU begins to use the code.</summary>
    public void AddUser()
    {
        lock (_lock) _users++;
    }

    /// <summary>A vCPU will never again execute the code.</summary>
    public void RemoveUser()
    {
        lock (_lock)
        {
            _users--;
            if (_retired && _users == 0) _memory.Dispose();
        }
    }

    /// <summary>Nobody begins to use the code any more.</summary>
    public void Retire()
    {
        lock (_lock)
        {
            _retired = true;
            if (_users == 0) _memory.Dispose();
        }
    }

    /// <summary>The page, whose copy is right for this fence count of a vCPU.</summary>
    public CodePage PageOf(in PageMapping mapping, int vcpu, uint epoch)
    {
        lock (_lock)
        {
            ref CodePage? page = ref CollectionsMarshal.GetValueRefOrAddDefault(_pages, mapping.Region.Address + mapping.Offset, out _);
            if (page is null)
            {
                page = new CodePage(_pages.Count, mapping.Region, mapping.Offset, _vcpus);
                page.Validate(vcpu, epoch);
            }
            else if (!page.IsValid(vcpu, epoch))
            {
                foreach (Region region in page.Validate(vcpu, epoch)) Drop(region);
            }

            return page;
        }
    }

    /// <summary>Compares a page with memory for a fence count of a vCPU.</summary>
    /// <returns>Whether all regions are still there that were when the page had this version.</returns>
    public bool Validate(CodePage page, int version, int vcpu, uint epoch)
    {
        lock (_lock)
        {
            foreach (Region region in page.Validate(vcpu, epoch)) Drop(region);
            return page.Version == version;
        }
    }

    /// <summary>The region of a page that is entered at an offset, translated if need be.</summary>
    /// <param name="mode">What the translation relies on; see <see cref="ProcessorContext.CodeMode"/>.</param>
    /// <param name="next">The page behind, if <see cref="IFrontEnd.NeedsNextPage"/> says so.</param>
    /// <param name="address">The virtual address that it is entered at this time; for those who observe.</param>
    public Region RegionAt(CodePage page, int entry, uint mode, CodePage? next, ulong address)
    {
        lock (_lock) return page.Find(CodePage.Key(entry, mode)) ?? Translate(page, entry, mode, next, address);
    }

    /// <summary>The link with a number.</summary>
    public Link LinkAt(int number)
    {
        lock (_lock) return _links[number];
    }

    /// <summary>
    /// Makes a link lead to a region. A link to another page that has been linked before stays as it is: its guard and its jump cannot be changed at once, and another vCPU may
    /// be between them.
    /// </summary>
    public void Connect(int number, Region target)
    {
        lock (_lock)
        {
            Link link = _links[number];
            if (target.Page.Find(target.Key) != target) return;
            int jump = link.Offset + link.Site.Jump;
            int distance = (int)(target.Address - (_memory.Address + jump + sizeof(int)));
            if (link.WithinPage)
            {
                _memory.Patch(jump, distance);
            }
            else
            {
                int guard = link.Offset + link.Site.Guard;
                if (link.Connected && _vcpus > 1) return;
                _memory.Patch(jump, distance);
                _memory.Patch(guard, target.Page.Number * sizeof(ulong));
            }

            _links[number] = link with { Connected = true };
            target.AddIncoming(number);
        }
    }

    private static int Aligned(int length) => (length + Alignment - 1) & ~(Alignment - 1);

    private Region Translate(CodePage page, int entry, uint mode, CodePage? next, ulong address)
    {
        _ir.Reset();
        long start = Stopwatch.GetTimestamp();
        var code = new GuestCode
        {
            Page = page.Copy,
            NextPage = next is null ? default : next.Copy,
            NextPageNumber = next?.Number ?? 0,
            Entry = entry,
            Mode = mode,
            Regions = page.Entries(mode),
        };

        // A vCPU may still translate into the cache that this one has replaced; the front end is the same.
        lock (_frontEndLock) _frontEnd.Translate(code, _ir);
        _ir.KeepsView = _frontEnd.KeepsView(mode);
        _passes.Run(_ir);
        CompiledRegion compiled = _backend.Compile(_ir, _links.Count);
        int offset = _used;
        _memory.Write(offset, compiled.Code);
        foreach (StubCall call in compiled.StubCalls) WriteDisplacement(offset + call.Offset, call.Stub);
        foreach (LinkSite site in compiled.Links) _links.Add(new Link(site, offset));
        _used += Aligned(compiled.Code.Length);
        var region = new Region(page, CodePage.Key(entry, mode), _ir.Lines, _memory.Address + offset);
        page.Add(region);
        next?.AddGuest(region);
        _counters.Translated(_ir.Instructions, _ir.GuestBytes, compiled.Code.Length, Stopwatch.GetElapsedTime(start));
        foreach (ICodeObserver observer in _observers)
            observer.Made(new ObservedCode(address, page.Address, entry, _frontEnd.NameOfMode(mode), _ir.Instructions, _ir.GuestBytes, region.Address, compiled.Code.Length));
        return region;
    }

    private void WriteDisplacement(int offset, int target)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, target - (offset + sizeof(int)));
        _memory.Write(offset, bytes);
    }

    /// <summary>Nothing leads to the region any more. Another vCPU that is in it may go on there until its own fence.</summary>
    private void Drop(Region region)
    {
        _counters.Invalidated();
        foreach (int number in region.Incoming)
        {
            Link link = _links[number];
            if (link.WithinPage) _memory.Patch(link.Offset + link.Site.Jump, link.Site.Cold - (link.Site.Jump + sizeof(int)));
            else _memory.Patch(link.Offset + link.Site.Guard, 0);
        }
    }
}
