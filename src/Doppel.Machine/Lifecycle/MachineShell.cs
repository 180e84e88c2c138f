using Doppel.Core.Clock;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Net;
using Doppel.Engines;
using Doppel.Machine.Boards;

namespace Doppel.Machine.Lifecycle;

/// <summary>
/// What of a machine depends neither on what it boots or goes on from, nor on what is plugged into it: time, empty memory, the board, threads. A copy's is made while the machine that it is a copy of
/// still runs (<see cref="Ahead"/>).
/// </summary>
internal sealed class MachineShell : IDisposable
{
    /// <summary>What has been begun ahead.</summary>
    private readonly List<Task> _begun = [];

    /// <param name="isCopy">The machine goes on from a snapshot.</param>
    /// <exception cref="OutOfMemoryException">The host has not that much.</exception>
    public MachineShell(VmConfig config, VmHost host, bool isCopy)
        : this(config, host, isCopy, ahead: false)
    {
    }

    private MachineShell(VmConfig config, VmHost host, bool isCopy, bool ahead)
    {
        Config = config;
        VirtualClock? virtualClock = config.Clock == ClockKind.Virtual ? new VirtualClock(StartTime(config)) : null;
        var realClock = virtualClock is null ? new RealClock() : null;
        Clock = virtualClock ?? (IMachineClock)realClock!;
        if (ahead && realClock is not null) _begun.Add(Task.Run(realClock.Begin));
        try
        {
            Board = new RiscVVirt(config, host, Clock, Memory, Control, isCopy);
        }
        catch
        {
            Memory.Dispose();
            Clock.Dispose();
            throw;
        }

        Turns = virtualClock is null ? null : new VirtualTimeWork(Board.Harts, virtualClock);
        Threads = Turns is not null
            ? [new VcpuThread(Turns, $"{config.Name}-cpus", Control.VcpuStopped)]
            : [.. Board.Harts.Select(v => new VcpuThread(v, $"{config.Name}-cpu{v.Id}", Control.VcpuStopped))];
        if (ahead) _begun.AddRange(Threads.Select(t => Task.Run(t.Begin)));
    }

    /// <summary>Of the machine, with an address for each adapter.</summary>
    public VmConfig Config { get; }

    public IMachineClock Clock { get; }

    public GuestMemory Memory { get; } = new();

    public MachineControl Control { get; } = new();

    public RiscVVirt Board { get; }

    /// <summary>Under the virtual clock: all processors by turns.</summary>
    public VirtualTimeWork? Turns { get; }

    /// <summary>Run the processors.</summary>
    public IReadOnlyList<VcpuThread> Threads { get; }

    /// <summary>Makes a copy's, and begins to make its threads, so that the machine runs as soon as it is told to. The host takes its time for them: see <see cref="WaitForThreads"/>.</summary>
    /// <exception cref="DoppelException">The host has not the memory.</exception>
    public static MachineShell Ahead(VmConfig config, VmHost host)
    {
        try
        {
            return new MachineShell(Complete(config), host, isCopy: true, ahead: true);
        }
        catch (OutOfMemoryException exception)
        {
            throw TooLarge(config, exception);
        }
    }

    /// <summary>Every adapter has an address; what has none gets one.</summary>
    public static VmConfig Complete(VmConfig config) =>
        config with { Networks = [.. config.Networks.Select(n => n.Mac is null ? n with { Mac = MacAddress.Random().ToString() } : n)] };

    public static DoppelException TooLarge(VmConfig config, OutOfMemoryException exception) =>
        new(ErrorKind.InsufficientResources, $"memory: the host cannot give {config.MemoryBytes >> 20} MiB", "use less memory", exception);

    /// <summary>Returns when the threads that were begun ahead wait for work.</summary>
    /// <exception cref="OutOfMemoryException">The host cannot give them.</exception>
    public void WaitForThreads()
    {
        foreach (Task begun in _begun) begun.GetAwaiter().GetResult();
    }

    /// <summary>Lets go of clocks, consoles and engines.</summary>
    public void LetGo()
    {
        Turns?.Dispose();

        // One that could not be stopped may still execute generated code: then that stays, as memory does.
        if (!Threads.All(t => t.EndAsync().IsCompleted)) return;
        foreach (IDisposable one in Board.Owned) one.Dispose();
    }

    /// <summary>Gives all of it back; no machine has become of it.</summary>
    public void Dispose()
    {
        Task.WhenAll(Threads.Select(t => t.EndAsync())).GetAwaiter().GetResult();
        LetGo();
        Memory.Dispose();
        Clock.Dispose();
    }

    private static long StartTime(VmConfig config)
    {
        var start = config.StartTime ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return (start - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
    }
}
