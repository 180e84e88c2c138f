using System.Diagnostics;
using Doppel.Backends.Console;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Tests.System.Cli;

namespace Doppel.Tests.System.Machine;

/// <summary>Snapshots in files, and children, of a Debian guest in a process of its own that writes files all the time and is killed at bad moments.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class StoredSnapshotTests : IDisposable
{
    private const int Rounds = 3;

    /// <summary>Each file and its checksum, over and over, until the guest is told to stop.</summary>
    private const string Load = "(n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); f=f$((n%16)); head -c $((n%7*30000+999)) /dev/urandom > $f; sha256sum $f > $f.sum; [ $((n%4)) != 0 ] || sync; done; touch /tmp/done) & ";

    private static readonly TimeSpan Patience = DebianGuest.Patience;
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-stored-").FullName;
    private int _commands = 1000;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("disk.img", false)]
    [InlineData("disk.qcow2", false)]
    [InlineData("disk.img", true)]
    public async Task Guest_underLoad_isWhole_wheneverItIsKilled_whereverItIsSetBackTo(string file, bool forks)
    {
        string disk = Path.Combine(_folder, file);
        if (file.EndsWith("img", StringComparison.Ordinal)) Backends.Disk.DiskImage.CreateRaw(disk, 32 << 20);
        else Backends.Disk.DiskImage.CreateQcow2(disk, 32 << 20, new Backends.Disk.Qcow2.Qcow2Options());
        VmConfig config = await DebianGuest.ConfigAsync("e2fsprogs") with { Name = "load", MemoryBytes = 256 << 20, Disks = [new DiskConfig(disk, CopyOnWrite: forks)] };
        var store = new MachineStore(_folder);
        NamedMachine machine = store.Create(config);
        var random = new Random(file.Length);
        await StartAsync(machine, new StartPoint());
        try
        {
            await UntilAsync(() => File.Exists(machine.LogPath) && ReadLog(machine).Contains("~ # ", StringComparison.Ordinal));
            Assert.EndsWith("made\n", await RunAsync(machine, "mkfs.ext4 -q /dev/vda && mount -t ext4 /dev/vda /mnt && cd /mnt && echo made"));
            await RunAsync(machine, Load + ":");
            await machine.SnapshotAsync("first");
            for (int round = 0; round < Rounds; round++)
            {
                await Task.Delay(random.Next(200, 500));
                if (forks) await ForkAsync($"child{round}");
                await machine.SnapshotAsync($"round{round}");
                await Task.Delay(random.Next(200, 500));

                // Killed while a snapshot is written, or while the machine is set back, or forked.
                bool restoring = round % 2 == 1;
                string back = $"round{random.Next(round + 1)}";
                Task work = restoring ? machine.RestoreAsync(back, NotNeeded) : forks ? ForkAsync($"torn{round}") : machine.SnapshotAsync($"torn{round}");
                await Task.Delay(random.Next(0, restoring ? 20 : 150));
                await KillAsync(machine);
                await work.ContinueWith(_ => { }, TaskScheduler.Default);
                await machine.Snapshots.CheckAsync([]);
                Assert.Empty(machine.Snapshots.List().Problems);

                // Whoever set it back had begun: then a start goes on from there. Otherwise where we say.
                bool begun = machine.Snapshots.Files.Restoring is not null;
                await StartAsync(machine, begun ? new StartPoint() : new StartPoint { Snapshot = back });
                Assert.Equal(back, machine.Snapshots.List().Snapshots.Single(s => s.IsCurrent).Name);
            }

            await KillAsync(machine);
            Assert.Contains("round2", machine.Snapshots.List().Snapshots.Select(s => s.Name));
            await machine.Snapshots.RemoveAsync("round1");
            foreach (string name in (string[])["round2", "first", "round0"])
            {
                if ((await machine.LookAsync()).State == NamedState.Running) await machine.RestoreAsync(name, NotNeeded);
                else await StartAsync(machine, new StartPoint { Snapshot = name });
                await AssertWholeAsync(machine);
            }

            // What the guest has flushed is in the disk's file.
            await machine.KillAsync();
            Assert.Equal(NamedState.Stopped, (await machine.LookAsync()).State);

            // Children go on from their moment, whatever became of the machine since; also those whose fork did not come to its end.
            NamedMachine[] children = [.. store.List().Where(m => m.Name != machine.Name)];
            Assert.InRange(children.Length, forks ? Rounds : 0, forks ? 2 * Rounds : 0);
            foreach (NamedMachine child in children)
            {
                if ((await child.LookAsync()).State == NamedState.Running) await AssertWholeAsync(child);
            }
        }
        finally
        {
            foreach (NamedMachine left in store.List())
            {
                if ((await left.LookAsync()).ProcessId != 0) await left.KillAsync();
            }
        }

        Task ForkAsync(string child) => store.ForkAsync(machine, [child], StartAsync);
    }

    /// <summary>Stops what the guest does, and looks whether its files and its file system are right.</summary>
    private async Task AssertWholeAsync(NamedMachine machine)
    {
        await UntilAsync(async () => (await RunAsync(machine, "touch /tmp/stop; ls /tmp")).Contains("done", StringComparison.Ordinal));
        Assert.Equal("sound\n", await RunAsync(machine, "sha256sum -c *.sum > /dev/null && echo sound"));
        Assert.Equal("clean\n", await RunAsync(machine, "cd / && umount /mnt && e2fsck -f -n /dev/vda > /dev/null 2>&1 && echo clean"));
    }

    private static Task NotNeeded() => throw new InvalidOperationException("The machine is running.");

    private Task StartAsync(NamedMachine machine, StartPoint start)
    {
        Environment.SetEnvironmentVariable("DOPPEL_STATE", _folder);
        List<string> command = [DoppelProcess.Executable, "machine-process", machine.Name];
        if (start.Snapshot is { } snapshot) command.AddRange(["--from", snapshot]);
        if (start.Fork is { } fork) command.AddRange(["--fork", fork]);
        return machine.StartAsync(command);
    }

    private static async Task KillAsync(NamedMachine machine)
    {
        using (Process process = Process.GetProcessById((await machine.LookAsync()).ProcessId))
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.Equal(NamedState.Crashed, (await machine.LookAsync()).State);
    }

    /// <summary>Types a command into the guest's console.</summary>
    private async Task<string> RunAsync(NamedMachine machine, string command)
    {
        using var leaving = new CancellationTokenSource();
        var console = new MemoryConsole();
        Task attached = machine.AttachAsync(console, leaving.Token);
        int number = _commands++;
        console.Send($"\recho begin$(({number})); {command}; echo end$(({number}))\r");
        try
        {
            await console.WaitForAsync($"begin{number}\r\n", Patience);
            string output = await console.WaitForAsync($"end{number}\r\n", Patience);
            return output[..output.LastIndexOf("end", StringComparison.Ordinal)].ReplaceLineEndings("\n");
        }
        catch (DoppelException exception)
        {
            throw new TimeoutException($"{exception.Message}; the guest said:\n{ReadLog(machine)}", exception);
        }
        finally
        {
            await leaving.CancelAsync();
            await attached;
        }
    }

    private static string ReadLog(NamedMachine machine)
    {
        using var reader = new StreamReader(new FileStream(machine.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!await condition()) await Task.Delay(100, late.Token);
    }
}
