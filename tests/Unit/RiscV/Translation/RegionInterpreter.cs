using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.Core.Engine;
using Doppel.RiscV.Float;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>An engine that translates with the front end and lets the interpreter of the operations run the regions: everything of the translator but machine code.</summary>
internal sealed class RegionInterpreter : ICodeEngine, IIrMemory
{
    // No two instructions without a region between them.
    private static readonly ulong[] Everywhere = [.. Enumerable.Repeat(ulong.MaxValue, 32)];

    private readonly RiscVHart _hart;
    private readonly IGuestProcessor _processor;
    private readonly RiscVFrontEnd _frontEnd;
    private readonly SoftFloat _float = new();
    private readonly IrInterpreter _interpreter;
    private readonly IrVerifier _verifier = new(slot => slot is >= RiscVSlot.F and < RiscVSlot.F + 32);
    private readonly Dictionary<(ulong Page, int Entry, uint Mode), IrRegion> _regions = [];
    private ulong _page, _next;

    public RegionInterpreter(RiscVHart hart)
    {
        _hart = hart;
        _processor = hart.Processor;
        _frontEnd = new RiscVFrontEnd(hart.Config.Extensions);
        _interpreter = new IrInterpreter(this, _float);
        hart.Engine = this;
    }

    /// <summary>Guest instructions that were not translated.</summary>
    public int Steps { get; private set; }

    /// <summary>Regions that were run.</summary>
    public int Runs { get; private set; }

    /// <summary>Regions have one instruction, and the hart is kicked after each.</summary>
    public bool SingleStep { get; set; }

    /// <summary>Kicks the hart when this many checks for attention have found none.</summary>
    public int CalmChecks { get; set; } = int.MaxValue;

    private ref ulong Pc => ref _processor.State.At(RiscVSlot.Pc);

    private ref ulong Fcsr => ref _processor.State.At(RiscVSlot.Fcsr);

    public bool Counts => false;

    public void Run(long budget)
    {
        if (SingleStep) CalmChecks = 1;
        while (_processor.State.Attention == 0)
        {
            if (!_processor.TryMapPage(Pc, PageAccess.Execute, out PageMapping mapping))
            {
                _processor.Step();
                return;
            }

            _page = Pc & ~0xfffUL;
            IrRegion region = Translate(mapping, (int)(Pc & 0xfff));
            _float.Flags = (FloatFlags)(Fcsr & 0x1f);
            _float.Rounding = (RoundingMode)(Fcsr >> 5 & 7);
            Pc = _page;
            Runs++;
            IrExit exit = _interpreter.Run(region, _processor.State.AsSpan(), 1_000_000);
            Fcsr |= (ulong)_float.Flags;
            if (SingleStep) _hart.Kick();
            switch (exit.Kind)
            {
                case IrExitKind.Goto:
                    Pc = _page + (ulong)exit.Distance;
                    break;
                case IrExitKind.GotoIndirect:
                    Pc = exit.Address;
                    break;
                case IrExitKind.Step:
                    Pc = _next;
                    return;
                case IrExitKind.Limit:
                    throw new InvalidOperationException("an endless loop");
                default:
                    return;
            }
        }
    }

    public void ContextChanged()
    {
    }

    public void FlushTranslations()
    {
    }

    public void FlushPage(ulong address)
    {
    }

    public void FlushSpaces(ulong mask, ulong value)
    {
    }

    public void FlushCode() => _regions.Clear();

    public bool TryLoad(ulong address, int size, long distance, out ulong value) => At(distance) & Back(_processor.TryLoad(address, size, out value));

    public bool TryStore(ulong address, int size, ulong value, long distance) => At(distance) & Back(_processor.TryStore(address, size, value));

    public bool TryZeroBlock(ulong address, long distance)
    {
        At(distance);
        return Back(_processor.Step());
    }

    public bool IsPresent(long distance, long page) => true;

    public bool TryAtomic(IrOpcode operation, ulong address, int size, ulong operand, long distance, out ulong value)
    {
        value = 0;
        PageAccess access = operation == IrOpcode.LoadReserved ? PageAccess.Read : PageAccess.Write;
        if (address % (uint)size != 0 || !_processor.TryMapPage(address, access, out PageMapping mapping))
        {
            // It traps.
            At(distance);
            Assert.False(_processor.Step());
            return false;
        }

        _processor.TryLoad(address, size, out value);
        ulong old = Extend(value, size);
        ref ulong reservation = ref _processor.State.At(RiscVSlot.ReservationAddress);
        ref ulong reserved = ref _processor.State.At(RiscVSlot.ReservationValue);
        ulong physical = mapping.Region.Address + mapping.Offset + (address & 0xfff);
        switch (operation)
        {
            case IrOpcode.LoadReserved:
                reservation = physical;
                reserved = old;
                return true;
            case IrOpcode.StoreConditional:
                bool stores = reservation == physical && Extend(reserved, size) == old;
                reservation = HartState.NoReservation;
                value = stores ? 0UL : 1UL;
                return !stores || _processor.TryStore(address, size, operand);
            default:
                return _processor.TryStore(address, size, Combine(operation, old, Extend(operand, size)));
        }
    }

    public void SelectContext(ulong number) => _processor.ContextSelected();

    public bool Step(long distance)
    {
        Steps++;
        At(distance);
        Fcsr |= (ulong)_float.Flags;
        bool goesOn = _processor.Step();
        _float.Flags = (FloatFlags)(Fcsr & 0x1f);
        _next = Pc;
        return Back(goesOn);
    }

    public bool WantsAttention(long distance)
    {
        bool wants = WantsAttention();
        if (wants) At(distance);
        return wants;
    }

    public bool WantsAttention()
    {
        if (CalmChecks-- <= 0) _hart.Kick();
        return _processor.State.Attention != 0;
    }

    private static ulong Extend(ulong value, int size) => size == 4 ? (ulong)(int)value : value;

    // Sign extension keeps the order of unsigned numbers too.
    private static ulong Combine(IrOpcode operation, ulong a, ulong b) => operation switch
    {
        IrOpcode.AtomicSwap => b,
        IrOpcode.AtomicAdd => a + b,
        IrOpcode.AtomicAnd => a & b,
        IrOpcode.AtomicOr => a | b,
        IrOpcode.AtomicXor => a ^ b,
        IrOpcode.AtomicMinS => (ulong)Math.Min((long)a, (long)b),
        IrOpcode.AtomicMaxS => (ulong)Math.Max((long)a, (long)b),
        IrOpcode.AtomicMinU => Math.Min(a, b),
        _ => Math.Max(a, b),
    };

    private bool At(long distance)
    {
        Pc = _page + (ulong)distance;
        return true;
    }

    private bool Back(bool goesOn)
    {
        if (goesOn) Pc = _page;
        return goesOn;
    }

    private IrRegion Translate(PageMapping mapping, int entry)
    {
        uint mode = _processor.Context.CodeMode;
        (ulong Page, int Entry, uint Mode) key = (mapping.Region.Address + mapping.Offset, entry, mode);
        if (_regions.TryGetValue(key, out IrRegion? region)) return region;
        region = new IrRegion();
        _frontEnd.Translate(new GuestCode { Page = mapping.Region.Span(mapping.Offset, 4096), Entry = entry, Mode = mode, Regions = SingleStep ? Everywhere : default }, region);
        Assert.Empty(_verifier.Verify(region));
        return _regions[key] = region;
    }
}
