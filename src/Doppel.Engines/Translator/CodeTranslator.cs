using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;
using Doppel.Core.Engine;
using Doppel.Core.Memory;
using Doppel.Core.Metrics;
using Doppel.Engines.Translator.Observation;
using Doppel.Host.Memory;

namespace Doppel.Engines.Translator;

/// <summary>
/// The engine that turns guest code into host code: what all vCPUs of a machine share. Each gets a part of its own with <see cref="Attach"/>.
/// </summary>
public sealed class CodeTranslator : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IFrontEnd _frontEnd;
    private readonly MemoryRegion _ram;
    private readonly TranslatorOptions _options;
    private readonly X64Target _target;
    private readonly int _vcpus;
    private IReadOnlyList<TranslatedVcpu> _attached = [];
    private readonly CodeCache _cache;

    /// <param name="ram">The memory that generated code reaches by itself; all other is asked of the processor.</param>
    /// <param name="vcpus">How many will be attached.</param>
    /// <param name="slots">Slots of the instruction set, behind which the engine's own begin.</param>
    /// <param name="reservationSlot">See <see cref="X64Target.ReservationSlot"/>.</param>
    /// <exception cref="PlatformNotSupportedException"><see cref="IsSupported"/> is false.</exception>
    public CodeTranslator(IFrontEnd frontEnd, MemoryRegion ram, int vcpus, int slots, int reservationSlot, TranslatorOptions? options = null)
    {
        _frontEnd = frontEnd;
        _ram = ram;
        _vcpus = vcpus;
        _options = options ?? new TranslatorOptions();
        ShowsEntries = _options.Observers.Any(o => o.SeesEntries);
        _target = new X64Target
        {
            FrontEnd = frontEnd,
            FirstEngineSlot = slots,
            Features = _options.Features,
            SingleProcessor = vcpus == 1 || _options.Counts,
            ReservationSlot = reservationSlot,
            HostToPhysical = (long)ram.Address - ram.Host.Address,
        };
        _cache = new CodeCache(frontEnd, _target, _options, vcpus, Counters, CallBack);
    }

    /// <summary>Whether this host can run generated code.</summary>
    public static bool IsSupported => CodeMemory.IsSupported;

    public TranslatorCounters Counters { get; } = new();

    /// <summary>Everything that is counted, summed over the vCPUs.</summary>
    public IReadOnlyList<Statistic> Statistics
    {
        get
        {
            lock (_lock) return [.. Counters.All, .. VcpuCounters.Sum([.. _attached.Select(v => v.Counters)])];
        }
    }

    internal IFrontEnd FrontEnd => _frontEnd;

    /// <summary>Whether somebody wants to see every entry of every region.</summary>
    internal bool ShowsEntries { get; }

    /// <summary>Tells those who want to see it that a vCPU enters a region.</summary>
    internal void Entered(int vcpu, ulong address, CodePage page, uint mode)
    {
        foreach (ICodeObserver observer in _options.Observers)
        {
            if (observer.SeesEntries) observer.Entered(vcpu, address, page.Address, _frontEnd.NameOfMode(mode));
        }
    }

    internal MemoryRegion Ram => _ram;

    internal X64Target Target => _target;

    internal bool Counts => _options.Counts;

    /// <summary>See <see cref="TranslatorOptions.RefillNanoseconds"/>; what counts must not depend on the host's time.</summary>
    internal int RefillNanoseconds => Counts ? 0 : _options.RefillNanoseconds;

    internal TimeProvider Time => _options.Time;

    /// <summary>Of one vCPU; see <see cref="TranslatorOptions.ColdInstructions"/>. Who observes code is to see all of it.</summary>
    internal ColdAllowance NewAllowance() => new(Counts || _options.Observers.Count > 0 ? 0 : _options.ColdInstructions, _options.Time);

    /// <summary>Makes the engine of one vCPU.</summary>
    public ICodeEngine Attach(IGuestProcessor processor)
    {
        lock (_lock)
        {
            if (_attached.Count == _vcpus) throw new InvalidOperationException("All vCPUs are attached already.");
            var vcpu = new TranslatedVcpu(this, processor, _attached.Count);
            Volatile.Write(ref _attached, [.. _attached, vcpu]);
            return vcpu;
        }
    }

    /// <summary>Only after all vCPUs have ended.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (TranslatedVcpu vcpu in _attached) vcpu.Dispose();
            _cache.Dispose();
        }
    }

    internal CodeCache Cache => _cache;

    /// <summary>All vCPUs leave generated code soon.</summary>
    private void CallBack()
    {
        foreach (TranslatedVcpu vcpu in Volatile.Read(ref _attached)) vcpu.DemandAttention();
    }
}
