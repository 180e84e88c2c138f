using System.Buffers.Binary;
using System.Security.Cryptography;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Machine.Named;

/// <summary>Snapshots of named machines, each run in this process.</summary>
public sealed class NamedSnapshotTests : IDisposable
{
    private const int DiskLength = 3 << 20;
    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;

    public NamedSnapshotTests() => _store = new MachineStore(Path.Combine(_folder.Path, "state"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Running_machine_isKept_andSetBack_andGoesOn()
    {
        NamedMachine machine = Create("one", Counting);
        Task<VmExit> run = await StartAsync(machine);
        var seen = new List<double>();
        SnapshotInfo first = await machine.SnapshotAsync("first", "a comment", new Seen(seen));
        Assert.Equal(("first", "a comment", true, true), (first.Name, first.Comment, first.IsLive, first.IsCurrent));
        Assert.Equal(NamedState.Running, (await machine.LookAsync()).State);
        Assert.Equal("first", (await machine.SnapshotAsync("second")).Parent);
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.SnapshotAsync("second")));
        Assert.Equal(ErrorKind.Usage, await KindAsync(machine.SnapshotAsync("-")));

        await machine.RestoreAsync("first", Never);
        Assert.Equal(NamedState.Running, (await machine.LookAsync()).State);
        Assert.Equal("first", (await machine.SnapshotAsync("branch")).Parent);
        await machine.PauseAsync();
        await machine.RestoreAsync("second", Never);
        Assert.Equal(NamedState.Paused, (await machine.LookAsync()).State);
        Assert.Equal(ErrorKind.NotFound, await KindAsync(machine.RestoreAsync("nothing", Never)));
        await machine.KillAsync();
        await run;

        // Counted when it was kept, counted on by the one that goes on from it.
        ulong kept = Counted(machine.Snapshots, "second");
        run = await StartAsync(machine, new StartPoint { Snapshot = "second", Paused = true });
        Assert.Equal(NamedState.Paused, (await machine.LookAsync()).State);
        await machine.SnapshotAsync("same");
        Assert.Equal(kept, Counted(machine.Snapshots, "same"));
        await machine.ResumeAsync();
        await KeepAsync(machine, "later", kept + 1);
        Assert.DoesNotContain(await machine.Snapshots.CompareAsync("second", "same"), c => c.What == "ram" && c.Changed > 0);
        Assert.Contains(await machine.Snapshots.CompareAsync("second", "later"), c => c is { What: "ram", Changed: > 0 and < 10 });
        await machine.KillAsync();
        await run;
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public async Task Disks_ofAMachineThatIsOff_areKept_andSetBack(DiskFormat format)
    {
        string path = CreateDisk(format);
        NamedMachine machine = Create("off", Programs.Sleeping, path);
        await WriteAsync(path, 70_000 / 512 * 512, 1);
        SnapshotInfo info = await machine.SnapshotAsync("first");
        Assert.False(info.IsLive);
        byte[] first = await ContentAsync(path);
        await WriteAsync(path, 0, 2);
        await WriteAsync(path, 70_000 / 512 * 512, 0);
        await machine.SnapshotAsync("second");
        byte[] second = await ContentAsync(path);
        await WriteAsync(path, 1 << 20, 3);

        await machine.RestoreAsync("first", Never);
        Assert.Equal(first, await ContentAsync(path));
        await machine.RestoreAsync("second", Never);
        Assert.Equal(second, await ContentAsync(path));
        Assert.Contains(await machine.Snapshots.CompareAsync("first", "second"), c => c is { What: "disk 0", Changed: 3 });

        // A machine that runs has more than disks.
        Task<VmExit> run = await StartAsync(machine);
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.RestoreAsync("first", Never)));
        await machine.KillAsync();
        await run;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Restore_thatIsInterrupted_isCompletedByTheNextStart(bool live)
    {
        string path = CreateDisk(DiskFormat.Raw);
        NamedMachine machine = Create("broken", Counting, path);
        await WriteAsync(path, 4096, 1);
        byte[] wanted = await ContentAsync(path);
        Task<VmExit> run;
        if (live)
        {
            run = await StartAsync(machine);
            await KeepAsync(machine, "good", 1000);
            await machine.KillAsync();
            await run;
        }
        else
        {
            await machine.SnapshotAsync("good");
        }

        // As if the process had been killed when half of the clusters were written.
        await WriteAsync(path, 4096, 7);
        machine.Snapshots.Files.Restoring = machine.Snapshots.Get("good").Id;
        Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.Snapshots.RemoveAsync("good")));
        if (live) Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.SnapshotAsync("mixture")));
        run = await StartAsync(machine);
        await machine.SnapshotAsync("after");
        await machine.KillAsync();
        await run;
        Assert.Null(machine.Snapshots.Files.Restoring);
        Assert.Equal(wanted, await ContentAsync(path));
        if (live) Assert.True(Counted(machine.Snapshots, "after") >= Counted(machine.Snapshots, "good"));
    }

    [Fact]
    public async Task Damaged_diskLayer_isFound_andTheMachineIsGoodForAnotherSnapshot()
    {
        string path = CreateDisk(DiskFormat.Raw);
        NamedMachine machine = Create("damaged", Programs.Sleeping, path);
        await machine.SnapshotAsync("good");
        byte[] good = await ContentAsync(path);
        await WriteAsync(path, 0, 5);
        await machine.SnapshotAsync("bad");
        await machine.RestoreAsync("good", Never);
        string layer = Directory.GetFiles(Path.Combine(machine.Snapshots.Folder, "layers")).MaxBy(File.GetCreationTimeUtc)!;
        await using (FileStream file = File.OpenWrite(layer)) file.WriteByte(99);
        var problem = await Assert.ThrowsAsync<DoppelException>(() => machine.RestoreAsync("bad", Never));
        Assert.Equal(ErrorKind.Corrupt, problem.Kind);
        Assert.Contains(Path.GetFileName(layer), problem.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Corrupt, await KindAsync(machine.RunHereAsync()));
        await machine.RestoreAsync("good", Never);
        Assert.Equal(good, await ContentAsync(path));
        Task<VmExit> run = await StartAsync(machine);
        await machine.KillAsync();
        await run;
    }

    [Fact]
    public async Task Export_isReadByOthers()
    {
        string path = CreateDisk(DiskFormat.Raw);
        await WriteAsync(path, 512, 4);
        NamedMachine machine = Create("out", Counting, path);
        Task<VmExit> run = await StartAsync(machine);
        await machine.SnapshotAsync("one");
        await machine.KillAsync();
        await run;
        foreach (DiskFormat format in (DiskFormat[])[DiskFormat.Raw, DiskFormat.Qcow2])
        {
            string folder = Path.Combine(_folder.Path, $"export-{format}");
            await machine.Snapshots.ExportAsync("one", folder, format);
            Assert.Equal(await ContentAsync(path), await ContentAsync(Path.Combine(folder, format == DiskFormat.Raw ? "disk0.raw" : "disk0.qcow2")));
            Assert.Equal(["config.json", "device-tree.dtb", "ram.elf", "state.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Where(f => !f!.StartsWith("disk", StringComparison.Ordinal)).Order());
            await using FileStream ram = File.OpenRead(Path.Combine(folder, "ram.elf"));
            byte[] counter = new byte[8];
            ram.Position = 4096 + 0x1000;
            await ram.ReadExactlyAsync(counter);
            Assert.Equal(Counted(machine.Snapshots, "one"), BinaryPrimitives.ReadUInt64LittleEndian(counter));
            Assert.Equal(ErrorKind.WrongState, await KindAsync(machine.Snapshots.ExportAsync("one", folder, format)));
        }

        Assert.Equal(["export-Qcow2", "export-Raw"], Directory.GetDirectories(_folder.Path, "export*").Select(Path.GetFileName).Order());
    }

    private const string Counting = Programs.Counting;

    private static Task Never() => throw new InvalidOperationException("The machine need not be started.");

    private NamedMachine Create(string name, string program, params string[] disks) =>
        _store.Create(_programs.BareMetal(program) with { Name = name, Disks = [.. disks.Select(d => new DiskConfig(d))] });

    private string CreateDisk(DiskFormat format)
    {
        string path = Path.Combine(_folder.Path, format == DiskFormat.Raw ? "disk.raw" : "disk.qcow2");
        if (format == DiskFormat.Raw) DiskImage.CreateRaw(path, DiskLength);
        else DiskImage.CreateQcow2(path, DiskLength, new Qcow2Options());
        return path;
    }

    private static async Task WriteAsync(string path, long offset, byte value)
    {
        await using SynchronousDisk disk = DiskImage.Open(path);
        byte[] data = new byte[100 << 10];
        data.AsSpan().Fill(value);
        await disk.WriteAsync(offset, data);
        await disk.FlushAsync();
    }

    private static async Task<byte[]> ContentAsync(string path)
    {
        await using SynchronousDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        byte[] all = new byte[disk.Length];
        await disk.ReadAsync(0, all);
        return SHA256.HashData(all);
    }

    private static ulong Counted(SnapshotStore store, string name)
    {
        using VmSnapshot snapshot = store.Load(name);
        byte[] bytes = new byte[8];
        snapshot.Regions[0].Content.Read(Programs.Counter - Programs.Ram, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static async Task<Task<VmExit>> StartAsync(NamedMachine machine, StartPoint? start = null)
    {
        var ready = new TaskCompletionSource();
        Task<VmExit> run = machine.RunHereAsync(ready.SetResult, start: start);
        if (await Task.WhenAny(ready.Task, run).WaitAsync(Programs.Patience) == run) await run;
        return run;
    }

    /// <summary>Keeps a machine as soon as it has counted so far: on a busy host that may take a while.</summary>
    private static async Task KeepAsync(NamedMachine machine, string name, ulong atLeast)
    {
        using var patience = new CancellationTokenSource(Programs.Patience);
        await machine.SnapshotAsync(name);
        while (Counted(machine.Snapshots, name) < atLeast)
        {
            await machine.Snapshots.RemoveAsync(name, patience.Token);
            await machine.SnapshotAsync(name, cancel: patience.Token);
        }
    }

    private static async Task<ErrorKind> KindAsync(Task task) => (await Assert.ThrowsAsync<DoppelException>(() => task)).Kind;

    private sealed class Seen(List<double> values) : IProgress<double>
    {
        public void Report(double value)
        {
            lock (values) values.Add(value);
        }
    }
}
