// Translation, protection and access in one place: Privileged Architecture 1.13, sections 3.6, 3.7 and 12.3.
using System.Runtime.CompilerServices;
using Doppel.Core.Bus;
using Doppel.Core.Engine;
using Doppel.Core.Memory;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Interpreter;

namespace Doppel.RiscV.Mmu;

/// <summary>
/// How a hart reaches memory by virtual address. The fast paths are a TLB probe and an access to RAM; everything else – walks, devices,
/// misaligned accesses, faults – is in the slow ones. A fault is left in the pending trap, and the returned value is meaningless.
/// </summary>
internal sealed partial class MemoryUnit
{
    public const ulong PageMask = ~0xfffUL;

    private const int DecodedEntries = 1024;
    private const int DecodedShift = 22;
    private const uint DecodedFactor = 0x9e37_79b1;

    private const int AsidShift = 44;
    private const ulong AsidMask = 0xffffUL << AsidShift;

    private readonly HartState _state;
    private readonly PendingTrap _trap;
    private readonly GuestMemory _memory;
    private readonly SystemBus _bus;
    private readonly MemoryRegion _ram;
    private readonly PageTableWalker _walker;
    private readonly HartCounters _counters;
    private readonly AddressSpaces _spaces = new();
    private readonly Tlb _readTlb = new();
    private readonly Tlb _writeTlb = new();
    private readonly CodeTlb _codeTlb = new();
    private readonly CodeCache _code = new();
    private readonly Predecoder _predecoder;
    private readonly LargePages _largePages = new();
    private readonly (uint Bits, Isa.Instruction Instruction)[] _decoded = new (uint, Isa.Instruction)[DecodedEntries];
    private ICodeEngine? _engine;
    private Isa.Instruction[]? _scratch;
    private ulong _dataKey;
    private ulong _codeKey;
    private PrivilegeMode _dataMode;

    public MemoryUnit(HartState state, PendingTrap trap, HartCounters counters, GuestMemory memory, SystemBus bus, Predecoder predecoder)
    {
        _state = state;
        _trap = trap;
        _counters = counters;
        _memory = memory;
        _bus = bus;
        _ram = memory.Regions.MaxBy(r => r.Length) ?? throw new ArgumentException("A hart needs RAM.", nameof(memory));
        Pmp = new Pmp(state);
        _walker = new PageTableWalker(state, memory, Pmp);
        _predecoder = predecoder;
        UpdateContext();
    }

    public Pmp Pmp { get; }

    /// <summary>If set, is told of everything that its caches depend on. Then few instructions are interpreted, and what is decoded of a page is not worth the memory.</summary>
    public ICodeEngine? Engine
    {
        get => _engine;
        set
        {
            _engine = value;
            _scratch = value is null ? null : CodePage.NewInstructions();
            _code.Clear();
            _codeTlb.Clear();
        }
    }

    /// <summary>To be called whenever the privilege mode, mstatus or satp has changed.</summary>
    public void UpdateContext()
    {
        UpdateKeys();
        Engine?.ContextChanged();
    }

    private void UpdateKeys()
    {
        ulong status = _state.MstatusBits;
        PrivilegeMode mode = _state.Mode;
        _dataMode = mode == PrivilegeMode.Machine && (status & Mstatus.Mprv) != 0 ? (PrivilegeMode)((status & Mstatus.Mpp) >> Mstatus.MppShift) : mode;
        int space = _spaces.NumberOf(_state.Slots[RiscVSlot.Satp], (status & Mstatus.Mxr) != 0, ClearAll);
        _dataKey = AddressSpaces.Key(space, _dataMode, (status & Mstatus.Sum) != 0);
        _codeKey = AddressSpaces.Key(space, mode, sum: false);
    }

    /// <summary>Forgets all translations: <c>sfence.vma</c>, and changes of PMP, menvcfg or the dirty bitmap.</summary>
    public void FlushTranslations()
    {
        _spaces.Invalidate();
        _largePages.Clear();
        UpdateKeys();
        Engine?.FlushTranslations();
    }

    /// <summary>Forgets the translations of one address space but the global ones: <c>sfence.vma</c> with rs2.</summary>
    public void FlushSpace(ulong asid)
    {
        _spaces.Invalidate();
        UpdateKeys();
        Engine?.FlushSpaces(AsidMask, asid << AsidShift & AsidMask);
    }

    /// <summary>Forgets the translations of one page in every address space: <c>sfence.vma</c> with rs1.</summary>
    public void FlushPage(ulong address)
    {
        // A leaf larger than 4 KiB may be cached in many entries.
        if (_largePages.Contains(address))
        {
            FlushTranslations();
            return;
        }

        _readTlb.Drop(address);
        _writeTlb.Drop(address);
        _codeTlb.Drop(address);
        Engine?.FlushPage(address);
    }

    /// <summary><c>fence.i</c>: what is decoded is compared with memory before it is executed again.</summary>
    public void FlushCode()
    {
        _code.NextEpoch();
        Engine?.FlushCode();
    }

    /// <summary>Forgets everything that is not architectural state; after a snapshot was loaded.</summary>
    public void Reset()
    {
        Pmp.Rebuild();
        _code.Clear();
        ClearAll();
        FlushTranslations();
        Engine?.FlushCode();
    }

    // The fast paths: an aligned access to a cached page of RAM. False means that Load or Store must be asked.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad8(ulong address, out ulong value)
    {
        ref TlbEntry entry = ref _readTlb.At(address);
        bool hit = ((address & PageMask) | _dataKey) == entry.Tag;
        value = hit ? _ram.Read8(address + entry.Addend) : 0UL;
        return hit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad16(ulong address, out ulong value)
    {
        ref TlbEntry entry = ref _readTlb.At(address);
        bool hit = ((address & (PageMask | 1)) | _dataKey) == entry.Tag;
        value = hit ? _ram.Read16(address + entry.Addend) : 0UL;
        return hit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad32(ulong address, out ulong value)
    {
        ref TlbEntry entry = ref _readTlb.At(address);
        bool hit = ((address & (PageMask | 3)) | _dataKey) == entry.Tag;
        value = hit ? _ram.Read32(address + entry.Addend) : 0;
        return hit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad64(ulong address, out ulong value)
    {
        ref TlbEntry entry = ref _readTlb.At(address);
        bool hit = ((address & (PageMask | 7)) | _dataKey) == entry.Tag;
        value = hit ? _ram.Read64(address + entry.Addend) : 0;
        return hit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryStore8(ulong address, ulong value)
    {
        ref TlbEntry entry = ref _writeTlb.At(address);
        if (((address & PageMask) | _dataKey) != entry.Tag) return false;
        _ram.Write8(address + entry.Addend, (byte)value);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryStore16(ulong address, ulong value)
    {
        ref TlbEntry entry = ref _writeTlb.At(address);
        if (((address & (PageMask | 1)) | _dataKey) != entry.Tag) return false;
        _ram.Write16(address + entry.Addend, (ushort)value);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryStore32(ulong address, ulong value)
    {
        ref TlbEntry entry = ref _writeTlb.At(address);
        if (((address & (PageMask | 3)) | _dataKey) != entry.Tag) return false;
        _ram.Write32(address + entry.Addend, (uint)value);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryStore64(ulong address, ulong value)
    {
        ref TlbEntry entry = ref _writeTlb.At(address);
        if (((address & (PageMask | 7)) | _dataKey) != entry.Tag) return false;
        _ram.Write64(address + entry.Addend, value);
        return true;
    }

    /// <summary>Turns instruction bits into the form that the interpreter runs.</summary>
    public void Decode(uint bits, out Isa.Instruction instruction) => _predecoder.Decode(bits, out instruction);

    /// <summary>As <see cref="Decode"/>, for the same ones over and over that nothing else keeps: they lie close together, where the predecoder's tables have a megabyte.</summary>
    public ref readonly Isa.Instruction DecodeAgain(uint bits)
    {
        ref (uint Bits, Isa.Instruction Instruction) entry = ref _decoded[bits * DecodedFactor >> DecodedShift];
        if (entry.Bits != bits || entry.Instruction.Length == 0) entry = (bits, _predecoder.Decode(bits));
        return ref entry.Instruction;
    }

    /// <summary>The decoded page that holds an address; null with a pending trap if it cannot be fetched from.</summary>
    public CodePage? FetchPage(ulong address)
    {
        CodePage? page = _codeTlb.Find(address, _codeKey);
        if (page is null)
        {
            if (!TryTranslate(address, AccessKind.Fetch, _state.Mode, out ulong physical)) return null;
            ulong pageAddress = physical & PageMask;
            if (_memory.Find(pageAddress, 4096) is not { } region)
            {
                _trap.Raise(TrapCause.InstructionAccessFault, address);
                return null;
            }

            bool uniform = Pmp.UniformOverPage(physical);
            if (uniform && !AllowedByPmp(physical, 2, AccessKind.Fetch, _state.Mode, address)) return null;
            page = _code.Get(pageAddress, region, perInstructionChecks: !uniform, _scratch);
            _codeTlb.Fill(address, _codeKey, page);
        }

        _code.Validate(page);
        return page;
    }

    /// <summary>The 16 bits of code at an address, fully checked. False with a pending trap.</summary>
    public bool TryFetch16(ulong address, out ushort parcel)
    {
        parcel = 0;
        if (!TryTranslate(address, AccessKind.Fetch, _state.Mode, out ulong physical)) return false;
        if (!AllowedByPmp(physical, 2, AccessKind.Fetch, _state.Mode, address)) return false;
        if (_memory.TryReadUInt16(physical, out parcel)) return true;
        _trap.Raise(TrapCause.InstructionAccessFault, address);
        return false;
    }

    private void ClearAll()
    {
        _readTlb.Clear();
        _writeTlb.Clear();
        _codeTlb.Clear();
    }
}
