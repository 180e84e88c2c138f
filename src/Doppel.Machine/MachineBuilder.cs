using Doppel.Backends.Disk;
using Doppel.Core.Backends;
using Doppel.Core.Clock;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Machine.Boards;
using Doppel.Machine.Boot;
using Doppel.Machine.Lifecycle;
using Doppel.RiscV.Sbi;

namespace Doppel.Machine;

/// <summary>From a configuration to a machine that only needs to be started, step by step. If a step fails, nothing is left behind.</summary>
internal static class MachineBuilder
{
    public static VirtualMachine Build(VmConfig config, VmHost host)
    {
        var undo = new Stack<Action>();
        try
        {
            // 1. Read and judge everything; open the disks, which also locks them. All problems are reported together.
            var problems = new ConfigProblems();
            VmConfigValidator.Check(config, problems, out BootImages images, out BootLayout? layout);
            VmConfigValidator.CheckDisks(config, problems);
            IReadOnlyList<IBlockBackend> disks = OpenDisks(config, problems, undo);
            problems.ThrowIfAny();

            // 2. Time, memory, and the board on them.
            var clock = new RealClock();
            undo.Push(clock.Dispose);
            var memory = new GuestMemory();
            undo.Push(memory.Dispose);
            var control = new MachineControl();
            var board = new RiscVVirt(config, host, clock, memory, control, disks);
            undo.Push(() => DisposeAll(board.Owned));

            // 3. Who serves the kernel: we ourselves, or the firmware.
            SupervisorFirmware? sbi = images.Firmware is null ? new SupervisorFirmware(board) : null;
            HtifWatcher? htif = images.Firmware is { ToHost: { } toHost } program
                ? new HtifWatcher(memory, clock, control, board.Console, toHost, program.FromHost)
                : null;

            // 4. Images into RAM, harts to their entry.
            var bootstrap = new Bootstrap(board, images, layout!, sbi, htif);
            bootstrap.Boot();

            return new VirtualMachine(new MachineParts
            {
                Config = config,
                Memory = memory,
                Bus = board.Bus,
                Clock = clock,
                Control = control,
                Vcpus = board.Harts,
                SnapshotParts = board.Parts,
                Boot = bootstrap.Boot,
                Restarted = host.Restarted ?? (() => { }),
                DeviceTree = () => bootstrap.DeviceTree,
                Quiesce = board.QuiesceAsync,
                Resume = board.Resume,
                EngineStatistics = () => board.Translator?.Statistics ?? [],
                Disposed = () =>
                {
                    htif?.Dispose();
                    DisposeAll(board.Owned);
                },
                Disks = disks,
            });
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

    private static List<IBlockBackend> OpenDisks(VmConfig config, ConfigProblems problems, Stack<Action> undo)
    {
        var disks = new List<IBlockBackend>();
        for (int i = 0; i < config.Disks.Count; i++)
        {
            string path = $"disks[{i}].path";
            if (problems.Concerns(path)) continue;
            try
            {
                RawDisk disk = RawDisk.Open(config.Disks[i].Path, config.Disks[i].ReadOnly);
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

    private static void DisposeAll(IEnumerable<IDisposable> all)
    {
        foreach (IDisposable one in all) one.Dispose();
    }
}
