using Doppel.CodeGen.X64;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Harts under one engine, RAM, and a device: all that a program of these tests can reach. Time stands still if no clock is given.</summary>
internal sealed class GuestSystem : IDisposable
{
    public const ulong Base = 0x8000_0000;
    public const ulong DeviceAddress = 0x1000_0000;

    /// <summary>Behind the last byte of RAM.</summary>
    public const ulong End = Base + MemoryBytes;
    private const ulong MemoryBytes = 16 << 20;
    private const ulong FloatOn = 3UL << 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly EngineAttachment _engine;

    /// <param name="engine">Interpreter or translator.</param>
    /// <param name="codeBytes">Room for generated code; 0 for the translator's own choice.</param>
    /// <param name="features">What generated code may use of the host at most; null for all that it has.</param>
    /// <param name="counts">Whether generated code counts instructions.</param>
    /// <param name="tracesTraps">Whether traps are recorded; if not, generated code takes some by itself.</param>
    /// <param name="cold">If not 0, about so many instructions are interpreted every few times that code is missed.</param>
    public GuestSystem(
        EngineKind engine, int harts = 1, int codeBytes = 0, X64Features? features = null, bool counts = false, IVmClock? clock = null, bool tracesTraps = true, int cold = 0)
    {
        Recorder = new TrapRecorder(tracesTraps);
        MemoryRegion ram = Memory.AddRegion("ram", Base, MemoryBytes);
        var bus = new SystemBus(Recorder);
        bus.Map("device", DeviceAddress, Device);
        Harts = [.. Enumerable.Range(0, harts).Select(i => new RiscVHart(i, new HartConfig(), Memory, bus, clock ?? new StillClock(), Recorder))];
        _engine = new EngineAttachment(engine, ram, Harts, codeBytes, features, counts, tracesTraps, cold);
        foreach (RiscVHart hart in Harts) Prepare(hart);
    }

    public GuestMemory Memory { get; } = new();

    public IReadOnlyList<RiscVHart> Harts { get; }

    public RiscVHart Hart => Harts[0];

    public RecordingDevice Device { get; } = new();

    public TrapRecorder Recorder { get; }

    /// <summary>If set, harts run in pieces of so many instructions.</summary>
    public Func<long>? Pieces { get; set; }

    /// <summary>How often a part of the code cache was given up because it was full; 0 under the interpreter.</summary>
    public long Evictions => _engine.Evictions;

    /// <summary>See <see cref="EngineAttachment.Interpreted"/>.</summary>
    public long Interpreted => _engine.Interpreted;

    /// <summary>A register of the first hart.</summary>
    public ulong this[byte slot]
    {
        get => Hart.ReadRegister(slot);
        set => Hart.WriteRegister(slot, value);
    }

    /// <summary>An integer register of the first hart by its ABI name.</summary>
    public ulong X(string name) => Hart.ReadRegister(Enumerable.Range(0, 32).First(i => RiscVSlot.Name(i) == name));

    /// <summary>Puts all harts at an address, in machine mode, with floating point on and all of memory open to all modes.</summary>
    public void Restart(ulong pc)
    {
        foreach (RiscVHart hart in Harts)
        {
            hart.Reset();
            Prepare(hart);
            hart.SetEntry(pc, (ulong)hart.Id, 0, 0, PrivilegeMode.Machine);
        }
    }

    /// <summary>Runs the first hart until it waits for an interrupt.</summary>
    /// <exception cref="InvalidOperationException">It did something else, or did not end within a minute.</exception>
    public void Run() => Run(Hart);

    /// <summary>Runs all harts, each on its own thread, until all wait.</summary>
    public void RunAll()
    {
        var failures = new Exception?[Harts.Count];
        Thread[] threads = [.. Harts.Select((hart, i) => new Thread(() =>
        {
            try
            {
                Run(hart);
            }
            catch (Exception e)
            {
                failures[i] = e;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        if (failures.FirstOrDefault(f => f is not null) is { } failure) throw new InvalidOperationException(failure.Message, failure);
    }

    /// <summary>Assembles a program into memory.</summary>
    public ProgramBuilder Load(string text, ulong address = Base)
    {
        ProgramBuilder program = Assembler.Parse(text, address);
        Load(program.Build(), address);
        return program;
    }

    public void Load(ReadOnlySpan<byte> bytes, ulong address)
    {
        if (!Memory.TryWrite(address, bytes)) throw new InvalidOperationException("the program is larger than the memory");
    }

    public ulong Read64(ulong address) => Memory.TryReadUInt64(address, out ulong value) ? value : throw new InvalidOperationException($"0x{address:x} is no RAM");

    public void Write64(ulong address, ulong value)
    {
        if (!Memory.TryWriteUInt64(address, value)) throw new InvalidOperationException($"0x{address:x} is no RAM");
    }

    public void Dispose()
    {
        _engine.Dispose();
        foreach (RiscVHart hart in Harts) hart.Dispose();
        Memory.Dispose();
    }

    private void Run(RiscVHart hart)
    {
        // An engine that does not count runs generated code only without a budget; a kick ends what does not end.
        using var watch = new Timer(_ => hart.Kick(), null, Patience, Patience);
        StopReason reason;
        while ((reason = hart.Run(Pieces?.Invoke() ?? long.MaxValue)) == StopReason.Budget)
        {
        }

        if (reason != StopReason.Halted)
            throw new InvalidOperationException($"hart {hart.Id} stopped for {reason} at 0x{hart.ReadRegister(RiscVSlot.Pc):x}, mcause {hart.ReadRegister(RiscVSlot.Mcause):x}, mepc {hart.ReadRegister(RiscVSlot.Mepc):x}, mtval {hart.ReadRegister(RiscVSlot.Mtval):x} {hart.Fault}");
    }

    private static void Prepare(RiscVHart hart)
    {
        hart.WriteRegister(RiscVSlot.Mstatus, hart.ReadRegister(RiscVSlot.Mstatus) | FloatOn);
        hart.WriteRegister(RiscVSlot.Pmpaddr, (1UL << 54) - 1);
        hart.WriteRegister(RiscVSlot.Pmpcfg, 0x1f);
    }
}
