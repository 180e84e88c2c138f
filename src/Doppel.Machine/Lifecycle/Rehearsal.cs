using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Core.Vcpu;
using Doppel.Machine.Boot;

namespace Doppel.Machine.Lifecycle;

/// <summary>
/// All that is done while a machine stands still, done before that with one that nobody needs: what the runtime has to load and compile for it is there then. For the first machine it took
/// longer than the rest of the stop.
/// </summary>
/// <remarks>Not a list of what is to be compiled, which would soon be wrong: it goes the way that snapshots and restores go.</remarks>
internal static class Rehearsal
{
    private const string Name = "rehearsal";
    private const int Page = DirtyBitmap.PageSize;

    /// <summary>Far enough from each other that they are not kept in one piece.</summary>
    private const int Apart = 16 * Page;

    /// <summary>More than frozen memory may have pieces.</summary>
    private const int Many = 320;

    private const int DiskLength = 64 << 10;

    private static readonly Lazy<bool> Done = new(() =>
    {
        Run();
        return true;
    });

    /// <summary>Returns when it has been done in this process. It takes some tens of milliseconds the first time, and nothing afterwards.</summary>
    public static void Once() => _ = Done.Value;

    private static void Run()
    {
        try
        {
            VmConfig config = MachineShell.Complete(new VmConfig { Name = Name, MemoryBytes = Many * Apart, Networks = [new NetworkConfig { Kind = NetworkKind.Host }] });
            var host = new VmHost();
            using var shell = new MachineShell(config, host, isCopy: true);
            var disk = new SnapshotDisk(new MemoryDisk(DiskLength));
            shell.Board.Plug(host, [disk]);
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
            disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or IOException or UnauthorizedAccessException or DoppelException)
        {
            // Whoever takes the snapshot will be told, if there is no room for that either.
        }
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
