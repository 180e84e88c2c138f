using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Errors;
using Doppel.Core.Memory;
using Doppel.Machine.Boot;

namespace Doppel.Machine.Lifecycle;

/// <summary>
/// All that is done to memory and disks while a machine stands still, done before that with some that nobody needs: what the runtime has to load and compile for it is there then. For the first machine it took
/// longer than the rest of the stop.
/// </summary>
/// <remarks>Not a list of what is to be compiled, which would soon be wrong: it goes the way that snapshots and restores go.</remarks>
internal static class Rehearsal
{
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
            using var memory = new GuestMemory();
            memory.AddRegion("rehearsal", 0, Many * Apart);
            var disk = new SnapshotDisk(new MemoryDisk(DiskLength));
            using VmSnapshot whole = Take(memory, disk, 1);
            using VmSnapshot some = Take(memory, disk, 2);
            using VmSnapshot many = Take(memory, disk, Many);
            foreach (VmSnapshot snapshot in (VmSnapshot[])[many, whole])
            {
                Write(memory, 1);
                snapshot.LoadDisksAsync("rehearsal", [disk]).GetAwaiter().GetResult();
                snapshot.Load("rehearsal", memory, []);
            }

            disk.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is OutOfMemoryException or IOException or UnauthorizedAccessException or DoppelException)
        {
            // Whoever takes the snapshot will be told, if there is no room for that either.
        }
    }

    private static VmSnapshot Take(GuestMemory memory, SnapshotDisk disk, int pages)
    {
        Write(memory, pages);
        var snapshot = VmSnapshot.Take(BootPlan.Later(new VmConfig()), default, memory, [], [disk]);
        Write(memory, 1);
        foreach (MemoryRegion region in memory.Regions) region.FinishCopying();
        return snapshot;
    }

    private static void Write(GuestMemory memory, int pages)
    {
        for (int i = 0; i < pages; i++) memory.TryWrite((ulong)(i * Apart), [1]);
    }
}
