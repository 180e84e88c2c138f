using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>The state of a Debian guest that works on a disk: taken while it runs, put into copies and back into the machine.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class DebianSnapshotTests : IDisposable
{
    private const int Megabyte = 1 << 20;
    private const int Moments = 4;
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-snapshot-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Database_underLoad_isWholeInEveryCopy_andAfterEveryRestore()
    {
        string disk = Path.Combine(_folder, "disk.img");
        await File.WriteAllBytesAsync(disk, new byte[64 * Megabyte]);
        VmConfig config = await DebianGuest.ConfigAsync("e2fsprogs", "sqlite3") with { Cpus = 2, Disks = [new DiskConfig(disk)] };
        var snapshots = new List<VmSnapshot>();
        try
        {
            await using DebianGuest guest = await DebianGuest.BootAsync(config);
            Assert.EndsWith("made\n", await guest.RunAsync("mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && sqlite3 /mnt/db 'create table t(a, b)' && echo made"));
            await guest.RunAsync("(while :; do sqlite3 /mnt/db \"insert into t values(random(), hex(randomblob(2000)))\"; done) > /dev/null 2>&1 & :");
            for (int i = 0; i < Moments; i++)
            {
                await Task.Delay(700);
                snapshots.Add(await guest.Machine.SnapshotAsync());
            }

            // Each copy has its own disk: what one does to it nobody else sees.
            int last = 0;
            foreach (VmSnapshot snapshot in snapshots)
            {
                await using DebianGuest copy = await DebianGuest.LoadAsync(snapshot);
                int rows = await CheckAsync(copy);
                Assert.InRange(rows, last, int.MaxValue);
                last = rows;
            }

            // The machine itself, back and forth.
            foreach (int moment in (int[])[2, 0, 3, 1])
            {
                await guest.Machine.RestoreAsync(snapshots[moment]);
                Assert.EndsWith("ok\n", await guest.RunAsync("sqlite3 -cmd '.timeout 60000' /mnt/db 'pragma integrity_check'"));
            }

            await CheckAsync(guest);
            Assert.Equal((0, 0), (guest.Machine.DeviceFaults, guest.Machine.UnmappedAccesses));
        }
        finally
        {
            snapshots.ForEach(s => s.Dispose());
        }
    }

    /// <returns>How many rows the database has.</returns>
    private static async Task<int> CheckAsync(DebianGuest guest)
    {
        await guest.RunAsync("kill $!; wait $! 2> /dev/null; killall sqlite3 2> /dev/null; sleep 0.2");
        Assert.Equal("ok\n", await guest.RunAsync("sqlite3 /mnt/db 'pragma integrity_check'"));
        string rows = await guest.RunAsync("sqlite3 /mnt/db 'select count(*) from t'");
        Assert.Equal("clean\n", await guest.RunAsync("umount /mnt && e2fsck -f -n /dev/vda > /dev/null 2>&1 && echo clean"));
        return int.Parse(rows);
    }
}
