using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Vcpu;
using Doppel.Host.Threading;
using Doppel.Machine.Boot;
using Doppel.RiscV.Hart;

namespace Doppel.Machine.Lifecycle;

/// <summary>
/// All that is done while a machine stands still, done before that with one that nobody needs: what the runtime has to load and compile for it is there then. For the first machine it took
/// longer than the rest of the stop.
/// </summary>
/// <remarks>Not a list of what is to be compiled, which would soon be wrong: it goes the way that snapshots, restores and copies go.</remarks>
internal static class Rehearsal
{
    private const string Name = "rehearsal";
    private const int Page = DirtyBitmap.PageSize;

    /// <summary>Far enough from each other that they are not kept in one piece.</summary>
    private const int Apart = 16 * Page;

    /// <summary>More than frozen memory may have pieces.</summary>
    private const int Many = 320;

    private const int Some = 8;

    private const int DiskLength = 64 << 10;

    /// <summary>A machine that has run for so long will run on, and has booted or is about to: before that it needs the host's processors itself.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    /// <summary>A guest that writes to its memory whenever it is woken up: <c>sd zero, 1024(a1); wfi; j .-8</c>, with its entry in a1.</summary>
    private static ReadOnlySpan<byte> Guest => [0x23, 0xb0, 0x05, 0x40, 0x73, 0x00, 0x50, 0x10, 0x6f, 0xf0, 0x9f, 0xff];

    private static readonly Lazy<bool> Done = new(() =>
    {
        Run();
        return true;
    });

    private static readonly Lazy<Task> Begun = new(async () =>
    {
        await Task.Delay(Settled).ConfigureAwait(false);
        await BackgroundThread.RunAsync("doppel-rehearsal", Once).ConfigureAwait(false);
    });

    /// <summary>Has it done in the background, once a machine has run for a moment. Never blocks.</summary>
    public static void Expect() => _ = Begun.Value;

    /// <summary>Begins the work when it has been done in this process: at once, as a rule, and otherwise without keeping the thread waiting, as what is rehearsed needs the pool.</summary>
    public static Task<T> Before<T>(Func<Task<T>> work)
    {
        return Done.IsValueCreated ? work() : AfterItAsync();

        async Task<T> AfterItAsync()
        {
            await Task.Factory.StartNew(Once, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            return await work().ConfigureAwait(false);
        }
    }

    /// <summary>Returns when it has been done in this process. It takes some tens of milliseconds the first time, some hundreds where the runtime compiles everything as well as it can, and nothing afterwards.</summary>
    public static void Once() => _ = Done.Value;

    private static void Run()
    {
        try
        {
            VmConfig config = MachineShell.Complete(new VmConfig
            {
                Name = Name, MemoryBytes = Many * Apart, Disks = [new DiskConfig(Name)], Networks = [new NetworkConfig { Kind = NetworkKind.Host }],
            });
            var host = new VmHost { ExpectsSnapshots = false };
            using var shell = new MachineShell(config, host, isCopy: true);
            var disk = new SnapshotDisk(new MemoryDisk(DiskLength));
            shell.Board.Plug(host, [disk]);
            Enter(shell);
            RehearsalDriver.Begin(shell.Board, shell.Board.Ram.Address + Many * Apart / 2);
            using VmSnapshot whole = Take(shell, disk, 1);
            using VmSnapshot some = Take(shell, disk, 2);
            using VmSnapshot many = Take(shell, disk, Many);
            foreach (VmSnapshot snapshot in (VmSnapshot[])[many, whole])
            {
                Write(shell, 1);
                snapshot.LoadDisksAsync(Name, [disk]).GetAwaiter().GetResult();
                snapshot.LoadMemory(Name, shell.Memory);
                snapshot.LoadParts(Name, shell.Board.Parts);
            }

            shell.Board.Relived();
            Live(whole, config, host, shell.Board.Ram.Address);
            disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or IOException or UnauthorizedAccessException or DoppelException)
        {
            // Whoever takes the snapshot will be told, if there is no room for that either.
        }
    }

    /// <summary>A guest that has hardly anything to do is kept, copied and set back as any other is.</summary>
    private static void Live(VmSnapshot from, VmConfig config, VmHost host, ulong entry)
    {
        LiveAsync().GetAwaiter().GetResult();

        async Task LiveAsync()
        {
            VirtualMachine machine = VirtualMachine.Create(from, host, config);
            await using (machine.ConfigureAwait(false))
            {
                await machine.ResumeAsync().ConfigureAwait(false);
                using VmSnapshot kept = await machine.KeepAsync().ConfigureAwait(false);
                for (uint i = 1; i < Some; i++) machine.TryWriteMemory(entry + i * Apart, [1]);
                VirtualMachine copy = await machine.CopyAsync(host, Name).ConfigureAwait(false);
                await using (copy.ConfigureAwait(false))
                {
                    copy.TryReadMemory(entry + Apart, new byte[1]);
                    await copy.PauseAsync().ConfigureAwait(false);
                }

                await machine.RestoreAsync(kept).ConfigureAwait(false);
            }
        }
    }

    private static void Enter(MachineShell shell)
    {
        ulong entry = shell.Board.Ram.Address;
        shell.Memory.TryWrite(entry, Guest);
        foreach (RiscVHart hart in shell.Board.Harts) hart.SetEntry(entry, 0, entry, 0, PrivilegeMode.Supervisor);
    }

    private static VmSnapshot Take(MachineShell shell, SnapshotDisk disk, int pages)
    {
        Write(shell, pages);
        var snapshot = VmSnapshot.Take(BootPlan.Later(shell.Config), default, shell.Memory, shell.Board.Parts, [disk]);
        foreach (IVcpu hart in shell.Board.Harts) hart.DropWritePermissions();
        Write(shell, 1);
        foreach (MemoryRegion region in shell.Memory.Regions) region.FinishCopying();
        return snapshot;
    }

    private static void Write(MachineShell shell, int pages)
    {
        for (int i = 0; i < pages; i++) shell.Memory.TryWrite(shell.Board.Ram.Address + (ulong)(i * Apart), [1]);
    }
}
