using Doppel.CodeGen;
using Doppel.Core.Engine;

namespace Doppel.Engines.Translator;

/// <summary>What generated code asks while it runs, and what it is answered.</summary>
internal sealed partial class TranslatedVcpu
{
    /// <summary>What generated code asks. The program counter's slot holds the page's address when it begins and, if the code goes on, when it ends.</summary>
    public LeaveReason Serve(CallbackKind kind, ulong a, ulong b, long distance)
    {
        Counters.Count(kind);
        if (_counts) Settle();
        if (Frame(FrameSlot.Context) != _selected) FollowSelection();
        LeaveReason reason = Answer(kind, a, b, distance);
        if (reason != LeaveReason.None) Counters.CountLeave(kind);
        return reason;
    }

    private LeaveReason Answer(CallbackKind kind, ulong a, ulong b, long distance) =>
        kind switch
        {
            <= CallbackKind.Load64 => Load(a, 1 << (int)kind, distance),
            <= CallbackKind.Store64 => Store(a, 1 << (kind - CallbackKind.Store8), b, distance),
            CallbackKind.Step => Step(distance),
            CallbackKind.StepLast => StepAndLeave(distance),
            CallbackKind.StepAtomic => StepAtomic(a, stores: b != 0, distance),
            CallbackKind.Link => FollowLink((int)a),
            CallbackKind.Lookup => Lookup(a),
            CallbackKind.Attention => LeaveAt(distance),
            CallbackKind.Budget => LeaveShort(distance),
            CallbackKind.Context => SelectContext(a),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Generated code asks for what does not exist."),
        };

    private LeaveReason Load(ulong address, int size, long distance)
    {
        ulong page = address & PageMask;
        if (!Crosses(address, size) && _processor.TryMapPage(address, PageAccess.Read, out PageMapping mapping))
        {
            Fill(write: false, page, mapping);
            Frame(FrameSlot.Result) = mapping.Load(address - page, size);
            return LeaveReason.None;
        }

        if (_counts) return StepInstead(distance);
        ulong code = Pc;
        Pc = code + (ulong)distance;
        if (!_processor.TryLoad(address, size, out Frame(FrameSlot.Result))) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    private LeaveReason Store(ulong address, int size, ulong value, long distance)
    {
        ulong page = address & PageMask;
        if (!Crosses(address, size) && _processor.TryMapPage(address, PageAccess.Write, out PageMapping mapping))
        {
            Fill(write: true, page, mapping);
            mapping.Store(address - page, size, value);
            return LeaveReason.None;
        }

        if (_counts) return StepInstead(distance);
        ulong code = Pc;
        Pc = code + (ulong)distance;
        if (!_processor.TryStore(address, size, value)) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    private static bool Crosses(ulong address, int size) => (address & ~PageMask) + (ulong)size > CodePage.Size;

    private void Fill(bool write, ulong page, in PageMapping mapping)
    {
        if (mapping.Region != _translator.Ram) return;
        Counters.TlbFills++;
        _data.Fill(write, page, mapping.Region.Host.AddressOf(mapping.Offset), mapping.Global);
    }

    private LeaveReason StepAtomic(ulong address, bool stores, long distance)
    {
        // The next time it is found. Load-reserved looks for the page among those to be read, the others among those to be written; the step has made it dirty, if it did.
        LeaveReason reason = Step(distance);
        if (reason != LeaveReason.None) return reason;
        if (_processor.TryMapPage(address, PageAccess.Read, out PageMapping mapping)) Fill(write: false, address & PageMask, mapping);
        if (stores && _processor.TryMapPage(address, PageAccess.Write, out mapping)) Fill(write: true, address & PageMask, mapping);
        return reason;
    }

    private LeaveReason Step(long distance)
    {
        ulong code = Pc;
        StoreFloatFlags();
        _changed = false;
        Pc = code + (ulong)distance;
        bool counts = _counts;
        ulong executed = counts ? _processor.InstructionsExecuted : 0;
        bool goesOn = _processor.Step() && !_changed;
        if (counts) Spend(executed);
        LoadFloatControl();
        if (!goesOn) return LeaveReason.Left;
        Pc = code;
        return LeaveReason.None;
    }

    /// <summary>
    /// The processor executes an access that needs it, whole: what is behind it may look at the time, and may want something of the processor before the next instruction.
    /// </summary>
    private LeaveReason StepInstead(long distance)
    {
        StoreFloatFlags();
        Pc += (ulong)distance;
        ulong executed = _processor.InstructionsExecuted;
        _processor.Step();
        Spend(executed);
        LoadFloatControl();
        return LeaveReason.Left;
    }

    private LeaveReason StepAndLeave(long distance)
    {
        StoreFloatFlags();
        Pc += (ulong)distance;
        bool counts = _counts;
        ulong executed = counts ? _processor.InstructionsExecuted : 0;
        _processor.Step();
        if (counts) Spend(executed);
        LoadFloatControl();
        if (!_processor.CanGoOn) return LeaveReason.Left;
        ContextChanged();

        // There is a budget only if it was counted from the beginning.
        if (_counts != counts) return LeaveReason.Left;
        ulong target = Pc;
        return GoOn(Find(target), target);
    }

    private LeaveReason FollowLink(int number)
    {
        Link link = _cache.LinkAt(number);
        ulong code = Pc;
        ulong target = code + (ulong)link.Site.Distance;
        Pc = target;
        if (link.WithinPage && FindEntry(target, out nint entry) is { } known)
        {
            _cache.Connect(number, known, entry, _number);
            return GoOn(entry, target);
        }

        if (FindRegion(target) is not { } region) return LeaveReason.Left;
        if (!_translator.ShowsEntries) _cache.Connect(number, region, region.Address, _number);
        return GoOn(region.Address, target);
    }

    /// <summary>A region of a page that is known, and where it is entered for an address; null if there is none yet.</summary>
    private Region? FindEntry(ulong address, out nint entry)
    {
        entry = 0;
        if (_translator.ShowsEntries || FindPage(address & PageMask, makes: !IsCold) is not { } page) return null;
        return _cache.EntryAt(page, (int)(address & ~PageMask), _context.CodeMode, out entry);
    }

    private LeaveReason Lookup(ulong target)
    {
        Pc = target;
        return GoOn(Find(target), target);
    }

    private LeaveReason GoOn(nint address, ulong target)
    {
        if (address == 0) return LeaveReason.Left;
        Frame(FrameSlot.Result) = (ulong)address;
        Pc = target & PageMask;
        return LeaveReason.None;
    }

    private LeaveReason LeaveShort(long distance)
    {
        _isShort = true;
        return LeaveAt(distance);
    }

    private LeaveReason SelectContext(ulong number)
    {
        _processor.ContextSelected();
        _selected = Frame(FrameSlot.Context) = number;

        // It may be the context that we knew last, and generated code has been in another since.
        (_data, _fetch) = Activate();
        _contexts.Fill(number, _data, _fetch);
        return LeaveReason.None;
    }

    private LeaveReason LeaveAt(long distance)
    {
        Pc += (ulong)distance;
        return LeaveReason.Left;
    }
}
