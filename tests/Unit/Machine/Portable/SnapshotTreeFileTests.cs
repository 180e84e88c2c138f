using System.Text;
using Doppel.Backends.Disk;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>Machines that are saved with their snapshots.</summary>
public sealed class SnapshotTreeFileTests : IDisposable
{
    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;
    private readonly MachineStore _other;

    public SnapshotTreeFileTests()
    {
        _store = new MachineStore(Path.Combine(_folder.Path, "state"));
        _other = new MachineStore(Path.Combine(_folder.Path, "other"));
    }

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Snapshots_come_along()
    {
        (byte[] file, IReadOnlyList<SnapshotInfo> before, ulong counted) = await SaveAsync();
        NamedMachine loaded = await MachineFile.LoadAsync(_other, new MemoryStream(file), "file", new MachineLoad { Name = "other" });
        SnapshotStore snapshots = loaded.Folder.Snapshots;
        SnapshotListing after = snapshots.List();
        Assert.Empty(after.Problems);
        Assert.Equal(before.Select(s => (s.Id, s.Name, s.Comment, s.Parent, s.IsCurrent, s.StoredBytes)), after.Snapshots.Select(s => (s.Id, s.Name, s.Comment, s.Parent, s.IsCurrent, s.StoredBytes)));
        await snapshots.CheckAsync([]);
        Assert.All(after.Snapshots, s => Assert.StartsWith(loaded.Folder.Path, s.Config.Bios));
        Assert.All(after.Snapshots, s => Assert.StartsWith(loaded.Folder.Path, s.Config.Disks[0].Path));

        // The machine is what it was then.
        _store.Remove(_store.Get("tree"));
        using VmSnapshot first = snapshots.Load("first");
        await using VirtualMachine machine = VirtualMachine.Create(first, new VmHost());
        Assert.Equal(counted, Counter(machine));
        await machine.ResumeAsync();
        await machine.ResetAsync();
    }

    [Fact]
    public async Task Layers_share_what_they_have_in_common_with_RAM_and_disks()
    {
        (byte[] file, IReadOnlyList<SnapshotInfo> _, ulong _) = await SaveAsync();
        IReadOnlyList<SavedObject> objects = await MachineFile.CheckAsync(new MemoryStream(file), "file", () => "");
        Assert.Equal(2, objects.Count(o => o.Name.StartsWith("snapshot/", StringComparison.Ordinal)));
        // The noise of the disk is in the disk's object, and nowhere else.
        Assert.InRange(objects.Where(o => o.Name.StartsWith("layer/", StringComparison.Ordinal)).Sum(o => o.Stored), 1, 60_000);
        Assert.InRange(file.Length, 200_000, 300_000);
    }

    [Theory]
    [InlineData("snapshots", "\"count\":2", "\"count\":3", "an object that the machine has not|ends without")]
    [InlineData("snapshots", "\"count\":2", "\"count\":2000000000", "cannot be")]
    [InlineData("snapshots", "\"count\":2", "\"count\":1", "an object that the machine has not")]
    [InlineData("snapshot/0", "\"name\":\"first\"", "\"name\":\"../first\"", "its name")]
    [InlineData("snapshot/1", "\"name\":\"second\"", "\"name\":\"first\"", "its name")]
    [InlineData("snapshot/0", "\"disks\":[{\"path\":\"\"", "\"disks\":[{\"path\":\"\"},{\"path\":\"\"", "another machine")]
    [InlineData("snapshot/0", "\"extents\":[0,", "\"extents\":[1,", "wrong")]
    [InlineData("snapshot/0", "\"layers\":[\"", "\"layers\":[\"00000000-0000-0000-0000-000000000001\",\"", "ends without 'layer/")]
    public async Task Tree_of_somebody_who_means_no_good_is_refused(string name, string text, string other, string why)
    {
        (byte[] file, IReadOnlyList<SnapshotInfo> _, ulong _) = await SaveAsync();
        using var forged = new ForgedFile();
        foreach ((Doppel.Machine.Portable.Format.PortableObject found, byte[] content) in await PortableFiles.ReadAsync(new MemoryStream(file), maxLength: 64 << 20))
        {
            string change = Encoding.UTF8.GetString(found.Name == name ? content : []);
            if (found.Name == name) Assert.Contains(text, change);
            forged.Whole(found.Name, found.Name == name ? Encoding.UTF8.GetBytes(change.Replace(text, other)) : content);
        }

        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => MachineFile.LoadAsync(_other, new MemoryStream(forged.End()), "file", new MachineLoad()));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
        Assert.Matches(why, error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_other.Folder, "machines")));
    }

    [Fact]
    public async Task Layer_that_is_cut_off_is_not_carried_on()
    {
        await SaveAsync();
        NamedMachine machine = _store.Get("tree");
        string layer = Directory.GetFiles(machine.Folder.File("snapshots/layers"))[0];
        await using (FileStream stream = File.OpenWrite(layer)) stream.SetLength(stream.Length - 1);
        Assert.Equal(ErrorKind.Corrupt, (await Assert.ThrowsAsync<DoppelException>(() => MachineFile.SaveAsync(machine, new MemoryStream()))).Kind);
    }

    private static ulong Counter(VirtualMachine machine)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        Assert.True(machine.TryReadMemory(Programs.Counter, bytes));
        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>The file of a machine with two snapshots, and what the first one had counted.</summary>
    private async Task<(byte[] File, IReadOnlyList<SnapshotInfo> Snapshots, ulong Counted)> SaveAsync()
    {
        string disk = Path.Combine(_folder.Path, "disk.img");
        DiskImage.CreateRaw(disk, 1 << 20);
        SynchronousDisk opened = DiskImage.Open(disk);
        opened.Write(65536, PortableFiles.Noise(200_704, 1));
        opened.Close();
        NamedMachine named = _store.Create(_programs.BareMetal(Programs.Counting) with { Name = "tree", Disks = [new DiskConfig(disk)] });
        SnapshotStore snapshots = named.Folder.Snapshots;
        ulong counted;
        await using (VirtualMachine machine = VirtualMachine.Create((await named.LookAsync()).Config, new VmHost()))
        {
            machine.Start();
            await machine.PauseAsync();
            counted = Counter(machine);
            using (VmSnapshot first = await machine.SnapshotAsync()) await snapshots.SaveAsync(first, "first", "the first one");
            await machine.ResumeAsync();
            using VmSnapshot second = await machine.SnapshotAsync();
            await snapshots.SaveAsync(second, "second");
        }

        var file = new MemoryStream();
        await MachineFile.SaveAsync(named, file);
        return (file.ToArray(), snapshots.List().Snapshots, counted);
    }
}
