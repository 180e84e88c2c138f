using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;
using Doppel.Core.Clock;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Net;
using Doppel.Core.Snapshot;
using Doppel.Engines;
using Doppel.Machine.Boards;
using Doppel.Machine.Boot;
using Doppel.Machine.Lifecycle;
using Doppel.Machine.Networks;
using Doppel.RiscV.Sbi;

namespace Doppel.Machine;

/// <summary>From a configuration to a machine that only needs to be started, step by step. If a step fails, nothing is left behind.</summary>
internal static class MachineBuilder
{
    /// <summary>A machine that boots.</summary>
    public static VirtualMachine Build(VmConfig config, VmHost host) => Build(config, host, null, null);

    /// <summary>A machine that goes on where another one was; its files are not read again, but for the disks.</summary>
    public static VirtualMachine Build(VmSnapshot snapshot, VmConfig config, VmHost host) => Build(config, host, snapshot, null);

    /// <summary>The same with disks of its own, which are set back.</summary>
    /// <param name="changing">Called before they are.</param>
    public static VirtualMachine Revive(VmSnapshot snapshot, VmConfig config, VmHost host, Action changing) => Build(config, host, snapshot, changing);

    private static VirtualMachine Build(VmConfig config, VmHost host, VmSnapshot? snapshot, Action? changing)
    {
        var undo = new Stack<Action>();
        try
        {
            // 1. Read and judge everything; open the disks, which also locks them. All problems are reported together.
            var problems = new ConfigProblems();
            config = config with { Networks = [.. config.Networks.Select(n => n.Mac is null ? n with { Mac = MacAddress.Random().ToString() } : n)] };
            BootPlan? plan = snapshot is null ? VmConfigValidator.Check(config, problems) : snapshot.Plan.For(config);
            if (snapshot is null || changing is not null) VmConfigValidator.CheckDisks(config, problems);
            IReadOnlyList<IBlockBackend> disks = OpenDisks(config, changing is null ? snapshot : null, problems, undo);
            OpenNetworks networks = OpenNetworks.Open(config, host, problems);
            undo.Push(networks.Dispose);
            problems.ThrowIfAny();
            host = host with { Networks = networks.Backends };

            // 2. Time, memory, and the board on them.
            VirtualClock? virtualClock = config.Clock == ClockKind.Virtual ? new VirtualClock(StartTime(config)) : null;
            IMachineClock clock = virtualClock ?? (IMachineClock)new RealClock();
            undo.Push(clock.Dispose);
            var memory = new GuestMemory();
            undo.Push(memory.Dispose);
            var control = new MachineControl();
            var board = new RiscVVirt(config, host, clock, memory, control, virtualClock is null ? disks : [.. disks.Select(disk => new ImmediateDisk(disk))], isCopy: snapshot is not null);
            undo.Push(() => DisposeAll(board.Owned));

            // 3. Who serves the kernel: we ourselves, or the firmware.
            SupervisorFirmware? sbi = plan!.Config.Bios is null ? new SupervisorFirmware(board) : null;
            HtifWatcher? htif = sbi is null && plan.Images.Firmware is { ToHost: { } toHost } program
                ? new HtifWatcher(memory, clock, control, board.Console, toHost, program.FromHost)
                : null;

            VirtualTimeWork? turns = virtualClock is null ? null : new VirtualTimeWork(board.Harts, virtualClock);

            // Under the virtual clock a moment that is lived once more is meant to be the same.
            Action relived = virtualClock is null ? board.Relived : () => { };
            IReadOnlyList<ISnapshotPart> saved = turns is null ? board.Parts : [.. board.Parts, turns];

            // 4. Images into RAM and harts to their entry, or all that the saved machine had.
            var bootstrap = new Bootstrap(board, plan, sbi, htif);
            if (snapshot is null)
            {
                bootstrap.Boot();
            }
            else
            {
                snapshot.CheckFits(config.Name, memory, saved, disks);
                if (changing is not null)
                {
                    changing();
                    snapshot.LoadDisksAsync(config.Name, disks).GetAwaiter().GetResult();
                }

                snapshot.Load(config.Name, memory, saved);
                bootstrap.Adopt(snapshot.DeviceTree);
                relived();
            }

            var parts = new MachineParts
            {
                Plan = plan,
                Memory = memory,
                Bus = board.Bus,
                Clock = clock,
                Control = control,
                Vcpus = board.Harts,
                SharedWork = turns,
                Hash = board.Hash,
                SnapshotParts = saved,
                Boot = bootstrap.Boot,
                Restarted = host.Restarted ?? (() => { }),
                Relived = relived,
                DeviceTree = () => bootstrap.DeviceTree,
                Quiesce = board.QuiesceAsync,
                Resume = board.Resume,
                EngineStatistics = () => [.. board.Translator?.Statistics ?? [], .. board.Statistics, .. networks.Statistics],
                Disposed = () =>
                {
                    htif?.Dispose();
                    turns?.Dispose();
                    DisposeAll(board.Owned);
                    networks.Dispose();
                },
                UserNetworks = networks.Users,
                Captures = networks.Captures,
                Disks = disks,
            };
            return new VirtualMachine(parts, snapshot is null ? VmState.Created : VmState.Paused);
        }
        catch (Exception exception)
        {
            while (undo.TryPop(out Action? action)) action();
            if (exception is OutOfMemoryException)
            {
                throw new DoppelException(ErrorKind.InsufficientResources, $"memory: the host cannot give {config.MemoryBytes >> 20} MiB", "use less memory", exception);
            }

            throw;
        }
    }

    private static long StartTime(VmConfig config)
    {
        var start = config.StartTime ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return (start - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
    }

    private static List<IBlockBackend> OpenDisks(VmConfig config, VmSnapshot? snapshot, ConfigProblems problems, Stack<Action> undo)
    {
        var disks = new List<IBlockBackend>();
        for (int i = 0; i < config.Disks.Count; i++)
        {
            string path = $"disks[{i}].path";
            if (problems.Concerns(path)) continue;
            try
            {
                IBlockBackend disk = snapshot?.Disks.ElementAtOrDefault(i) is { } content ? new ScratchDisk(content) : Layered(config.Disks[i]);
                if (!disk.ReadOnly) disk = new SnapshotDisk(disk);
                undo.Push(() => disk.DisposeAsync().AsTask().GetAwaiter().GetResult());
                disks.Add(disk);
            }
            catch (DoppelException exception)
            {
                problems.Add(path, exception.Message, exception.Hint ?? "check the file", exception.Kind);
            }
        }

        return disks;
    }

    /// <summary>A disk as its machine opens it.</summary>
    /// <exception cref="DoppelException">It cannot be opened.</exception>
    internal static SynchronousDisk Open(DiskConfig disk) =>
        DiskImage.Open(disk.Path, new DiskOpenOptions { Format = disk.Format, ReadOnly = disk.ReadOnly || disk.CopyOnWrite, AllowBackingAnywhere = disk.AllowBackingAnywhere });

    private static IBlockBackend Layered(DiskConfig disk) => disk.CopyOnWrite && !disk.ReadOnly ? ScratchDisk.Over(Open(disk)) : Open(disk);

    private static void DisposeAll(IEnumerable<IDisposable> all)
    {
        foreach (IDisposable one in all) one.Dispose();
    }
}
