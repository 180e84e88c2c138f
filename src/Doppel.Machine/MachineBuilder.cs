using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Snapshot;
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
    public static VirtualMachine Build(VmConfig config, VmHost host) => Build(config, host, null, null, null);

    /// <summary>A machine that goes on where another one was; its files are not read again, but for the disks.</summary>
    public static VirtualMachine Build(VmSnapshot snapshot, VmConfig config, VmHost host) => Build(config, host, snapshot, null, null);

    /// <summary>The same of a shell that is there already, with the saved memory; it is taken over.</summary>
    public static VirtualMachine Build(VmSnapshot snapshot, MachineShell shell, VmHost host) => Build(shell.Config, host, snapshot, null, shell);

    /// <summary>The same with disks of its own, which are set back.</summary>
    /// <param name="changing">Called before they are.</param>
    public static VirtualMachine Revive(VmSnapshot snapshot, VmConfig config, VmHost host, Action changing) => Build(config, host, snapshot, changing, null);

    private static VirtualMachine Build(VmConfig config, VmHost host, VmSnapshot? snapshot, Action? changing, MachineShell? shell)
    {
        var undo = new Stack<Action>();
        if (shell is not null) undo.Push(shell.Dispose);
        try
        {
            // 1. Read and judge everything; open the disks, which also locks them. All problems are reported together.
            var problems = new ConfigProblems();
            config = MachineShell.Complete(config);
            BootPlan? plan = snapshot is null ? VmConfigValidator.Check(config, problems) : snapshot.Plan.For(config);
            if (snapshot is null || changing is not null) VmConfigValidator.CheckDisks(config, problems);
            IReadOnlyList<IBlockBackend> disks = OpenDisks(config, changing is null ? snapshot : null, problems, undo);
            OpenNetworks networks = OpenNetworks.Open(config, host, problems);
            undo.Push(networks.Dispose);
            problems.ThrowIfAny();
            host = host with { Networks = networks.Backends };

            // 2. Time, memory, and the board on them.
            bool hasMemory = shell is not null;
            if (shell is null)
            {
                shell = new MachineShell(config, host, isCopy: snapshot is not null);
                undo.Push(shell.Dispose);
            }

            RiscVVirt board = shell.Board;
            bool repeats = config.Clock == ClockKind.Virtual;
            board.Plug(host, repeats ? [.. disks.Select(disk => new ImmediateDisk(disk))] : disks);

            // 3. Who serves the kernel: we ourselves, or the firmware.
            SupervisorFirmware? sbi = plan!.Config.Bios is null ? new SupervisorFirmware(board) : null;
            HtifWatcher? htif = sbi is null && plan.Images.Firmware is { ToHost: { } toHost } program
                ? new HtifWatcher(shell.Memory, shell.Clock, shell.Control, board.Console, toHost, program.FromHost)
                : null;

            // Under the virtual clock a moment that is lived once more is meant to be the same.
            Action relived = repeats ? () => { } : board.Relived;
            IReadOnlyList<ISnapshotPart> saved = shell.Turns is { } turns ? [.. board.Parts, turns] : board.Parts;

            // 4. Images into RAM and harts to their entry, or all that the saved machine had.
            var bootstrap = new Bootstrap(board, plan, sbi, htif);
            if (snapshot is null)
            {
                bootstrap.Boot();
            }
            else
            {
                snapshot.CheckFits(config.Name, shell.Memory, saved, disks);
                if (changing is not null)
                {
                    changing();
                    snapshot.LoadDisksAsync(config.Name, disks).GetAwaiter().GetResult();
                }

                if (!hasMemory) snapshot.LoadMemory(config.Name, shell.Memory);
                snapshot.LoadParts(config.Name, saved);
                bootstrap.Adopt(snapshot.DeviceTree);
                relived();
            }

            shell.WaitForThreads();
            var parts = new MachineParts
            {
                Plan = plan,
                Memory = shell.Memory,
                Bus = board.Bus,
                Clock = shell.Clock,
                Control = shell.Control,
                Vcpus = board.Harts,
                Threads = shell.Threads,
                Hash = board.Hash,
                SnapshotParts = saved,
                Boot = bootstrap.Boot,
                Restarted = host.Restarted ?? (() => { }),
                Relived = relived,
                DeviceTree = () => bootstrap.DeviceTree,
                Quiesce = board.QuiesceAsync,
                Resume = board.Resume,
                Runs = host.ExpectsSnapshots ? Rehearsal.Expect : () => { },
                EngineStatistics = () => [.. board.Translator?.Statistics ?? [], .. board.Statistics, .. networks.Statistics],
                Disposed = () =>
                {
                    htif?.Dispose();
                    shell.LetGo();
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
            if (exception is OutOfMemoryException tooLarge) throw MachineShell.TooLarge(config, tooLarge);
            throw;
        }
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
}
