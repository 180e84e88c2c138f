// RV64 hart: Unprivileged ISA 20240411 and Privileged Architecture 1.13 with the extensions of HartConfig.
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Engine;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Interpreter;
using Doppel.RiscV.Mmu;
using Doppel.RiscV.Translation;

namespace Doppel.RiscV.Hart;

/// <summary>One RISC-V hart.</summary>
public sealed partial class RiscVHart : IVcpu, IDisposable
{
    private readonly HartState _state = new();
    private readonly HartSignals _signals;
    private readonly PostedFences _fences = new();
    private readonly HartTimer _timer;
    private readonly HartCounters _counters;
    private readonly MemoryUnit _memory;
    private readonly TrapUnit _traps;
    private readonly Interpreter.Interpreter _interpreter;
    private readonly TranslatedHart _translated;
    private readonly ITrace _trace;
    private readonly PendingTrap _trap = new();

    /// <param name="memory">Must have its regions already; the largest is the RAM with the fast path.</param>
    /// <param name="clock">Makes the hart's time if <paramref name="time"/> does not.</param>
    /// <param name="time">What all harts of a machine show as their <c>time</c> CSR; of <see cref="HartConfig.TimebaseFrequency"/>.</param>
    public RiscVHart(int id, HartConfig config, GuestMemory memory, SystemBus bus, IVmClock clock, ITrace trace, TickCounter? time = null)
    {
        Id = id;
        Config = config;
        _signals = new HartSignals(_state.Slots);
        _timer = new HartTimer(_state, time ?? new TickCounter(clock, HartConfig.TimebaseFrequency), () => _signals.Raise(HartSignal.Timer));
        _counters = new HartCounters(_state, _signals);
        FirmwareCounters = new FirmwareCounters(_state);
        _memory = new MemoryUnit(_state, _trap, _counters, memory, bus, Predecoder.For(config.Extensions));
        _traps = new TrapUnit(_state, _counters, trace, id) { Clock = clock };
        var csrs = new CsrFile(_state, config, id, _memory, _timer, _counters);
        _interpreter = new Interpreter.Interpreter(_state, _trap, _signals, _memory, csrs, _traps, this, trace);
        _translated = new TranslatedHart(_state, _trap, _signals, _memory, _interpreter);
        _trace = trace;
        Reset();
    }

    public int Id { get; }

    public HartConfig Config { get; }

    /// <summary>What it counts, but for <see cref="FirmwareCounters"/>.</summary>
    internal HartCounters Counters => _counters;

    /// <summary>What firmware counts of what it does for the hart.</summary>
    internal FirmwareCounters FirmwareCounters { get; }

    /// <summary>This hart as an engine with generated code sees it.</summary>
    public IGuestProcessor Processor => _translated;

    /// <summary>Runs guest code instead of the interpreter, which remains for what is rare, for exact budgets and for tracing. Set while the hart does not run.</summary>
    public ICodeEngine? Engine
    {
        get => _memory.Engine;
        set => _memory.Engine = value;
    }

    public string SnapshotName => $"cpu{Id}";

    public string? Fault => null;

    public ulong InstructionsRetired => _state.Retired;

    public ulong InstructionsExecuted => _state.Retired + _interpreter.Exceptions;

    /// <summary>If set, gets every trap of the hart.</summary>
    public TraceHash? Hash
    {
        get => _traps.Hash;
        set => _traps.Hash = value;
    }

    public event Action? WorkArrived
    {
        add => _signals.Raised += value;
        remove => _signals.Raised -= value;
    }

    public event Action? Idle;

    public int RegisterCount => RiscVSlot.Count;

    /// <summary>Switched off (SBI HSM state STOPPED): fetches nothing until cleared. Any thread may set it.</summary>
    public bool Stopped
    {
        get => _state.Stopped;
        set
        {
            _state.Stopped = value;
            _signals.Raise(HartSignal.Power);
        }
    }

    public string RegisterName(int number) => RiscVSlot.Name(number);

    public ulong ReadRegister(int number) => Volatile.Read(ref _state.Slots.At(number));

    /// <summary>Writes a slot; x0 stays 0. Caches that depend on privileged state are renewed.</summary>
    public void WriteRegister(int number, ulong value)
    {
        if (number == RiscVSlot.X) return;
        _state.Slots.At(number) = value;
        if (number > RiscVSlot.Pc) Renew();
    }

    public StopReason Run(long budget)
    {
        _signals.EnterRun();
        try
        {
            return RunUntilStopped(budget);
        }
        finally
        {
            _signals.LeaveRun();
        }
    }

    public void Kick() => _signals.Raise(HartSignal.Kick);

    public void WaitForWork()
    {
        Idle?.Invoke();
        _signals.Sleep();
    }

    /// <summary>Drives a bit of mip: an <see cref="InterruptNumber"/>.</summary>
    public void SetInterruptLine(int line, bool level)
    {
        _state.ChangeShared(RiscVSlot.Lines, 1UL << line, level);
        _signals.Raise(HartSignal.Interrupt);
    }

    public void Reset()
    {
        _signals.Take();
        _start = null;
        _suspended = false;
        _state.Reset(Config.ResetVector);
        _state.Slots[10] = (ulong)Id;
        Renew();
    }

    public void DropWritePermissions() => _memory.FlushTranslations();

    /// <summary>Where and how the hart starts. Only while it does not run.</summary>
    public void SetEntry(ulong pc, ulong a0, ulong a1, ulong a2, PrivilegeMode mode)
    {
        _state.Pc = pc;
        _state.Slots[10] = a0;
        _state.Slots[11] = a1;
        _state.Slots[12] = a2;
        _state.Mode = mode;
        _state.Waiting = false;
        Renew();
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("slots", _state.Slots.AsSpan());
        writer.Write("suspended", _suspended);
        if (_start is { } start) writer.Write("start", [start.Pc, start.A1]);
    }

    public void Load(SnapshotReader reader)
    {
        _state.Retired = 0;
        _state.Reset(Config.ResetVector);
        _state.Slots[10] = (ulong)Id;
        var slots = new ulong[RiscVSlot.Count];
        _state.Slots.AsSpan().CopyTo(slots);
        reader.GetUInt64s("slots", slots);
        HartStateValidator.Check(slots, Config);
        ulong[] start = new ulong[2];
        reader.GetUInt64s("start", start);
        if ((start[0] & 1) != 0) throw new SnapshotException("The hart's 'start' has an impossible value.");
        _start = reader.Has("start") ? new SupervisorStart(start[0], start[1]) : null;
        _suspended = reader.GetBoolean("suspended");
        slots.CopyTo(_state.Slots.AsSpan());
        Renew();
        _signals.Raise(HartSignal.Power);
    }

    public void Dispose() => _timer.Dispose();

    private StopReason RunUntilStopped(long budget)
    {
        ulong start = _state.Retired, exceptions = _interpreter.Exceptions;
        while (true)
        {
            if (_signals.Attention && Attend()) return StopReason.Kicked;
            if (_state.Stopped) return StopReason.Halted;
            if (_state.Waiting)
            {
                _timer.Update();
                if ((_state.MipBits & _state.Mie) == 0) return StopReason.Halted;
                _state.Waiting = false;
                _suspended = false;
            }

            _counters.Settle(_state.Retired);
            ulong used = _state.Retired - start + (_interpreter.Exceptions - exceptions);
            if (used >= (ulong)budget) return StopReason.Budget;
            if (_traps.TakeInterrupt()) _memory.UpdateContext();
            Execute(budget == long.MaxValue ? ulong.MaxValue : _state.Retired + ((ulong)budget - used));
        }
    }

    private void Execute(ulong limit)
    {
        limit = _counters.Limit = Math.Min(limit, _counters.NextOverflow);
        if (Engine is { } engine && (limit == ulong.MaxValue || engine.Counts || _state.Counting) && !_trace.Enabled(TraceCategory.Exec))
        {
            engine.Run(limit == ulong.MaxValue ? long.MaxValue : (long)Math.Min(limit - _state.Retired, long.MaxValue));
        }
        else
        {
            _interpreter.Run(limit);
        }

        _counters.Limit = 0;
    }

    /// <summary>Serves the signals; true if one is a kick.</summary>
    private bool Attend()
    {
        HartSignal taken = _signals.Take();
        Fence(taken);
        if ((taken & HartSignal.Timer) != 0) _timer.Arm();
        if (_start is { } start)
        {
            EnterSupervisor(start.Pc, start.A1);
            _state.Stopped = false;
            Volatile.Write(ref _start, null);
        }

        return (taken & HartSignal.Kick) != 0;
    }

    private void Fence(HartSignal taken)
    {
        if ((taken & HartSignal.FenceCode) != 0) _memory.FlushCode();
        if ((taken & HartSignal.FenceTranslations) != 0) _fences.CarryOut(_memory);
    }

    /// <summary>Derives everything anew from the slots, which somebody has written behind the instructions' back.</summary>
    private void Renew()
    {
        _counters.Renew();
        _memory.Reset();
        _timer.Arm();
    }
}
