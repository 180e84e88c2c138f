using System.Text;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>Machines that are saved while they do not run.</summary>
public sealed class MachineFileTests : IDisposable
{
    private const string Seven = "li t0, 0x100000; li t1, 0x00073333; sw t1, 0(t0); loop: j loop";

    private readonly Programs _programs = new();
    private readonly TempFolder _folder = new();
    private readonly MachineStore _store;

    public MachineFileTests() => _store = new MachineStore(In("state"));

    public void Dispose()
    {
        _programs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("a passphrase")]
    public async Task Machine_is_the_same_on_another_host(string? passphrase)
    {
        byte[] noise = PortableFiles.Noise(300_032, 1);
        string raw = In("a.img");
        DiskImage.CreateRaw(raw, 1 << 20);
        Fill(raw, 4096, noise);
        string below = In("below.qcow2");
        DiskImage.CreateQcow2(below, 2 << 20, new Qcow2Options());
        Fill(below, 0, noise);
        string top = In("top.qcow2");
        DiskImage.CreateQcow2(top, 2 << 20, new Qcow2Options { BackingName = "below.qcow2" });
        Fill(top, 1 << 20, noise);
        NamedMachine machine = _store.Create(_programs.BareMetal(Seven) with { Name = "one", Cpus = 2, Disks = [new DiskConfig(raw), new DiskConfig(top, ReadOnly: true)] }, "image");
        await MachineFile.SaveAsync(machine, In("one.doppel"), passphrase);
        _store.Remove(machine);

        var other = new MachineStore(In("other"));
        NamedMachine loaded = await LoadAsync(other, In("one.doppel"), new MachineLoad { Passphrase = () => passphrase! });
        MachineStatus status = await loaded.LookAsync();
        Assert.Equal(("one", NamedState.Created, "image", 2), (status.Name, status.State, status.Image, status.Config.Cpus));
        File.Delete(raw);
        File.Delete(below);
        Assert.Equal([false, true], status.Config.Disks.Select(d => d.ReadOnly));
        Assert.Equal([DiskFormat.Raw, DiskFormat.Qcow2], status.Config.Disks.Select(d => d.Format));
        Assert.Equal([.. new byte[4096], .. noise, .. new byte[(1 << 20) - 4096 - noise.Length]], Content(status.Config.Disks[0]));
        byte[] second = new byte[2 << 20];
        noise.CopyTo(second, 0);
        noise.CopyTo(second, 1 << 20);
        Assert.Equal(second, Content(status.Config.Disks[1]));
        Assert.Equal(7, (await loaded.RunHereAsync()).ExitCode);
    }

    [Fact]
    public async Task File_of_the_same_machine_is_the_same()
    {
        NamedMachine machine = WithDisk("one");
        IReadOnlyList<SavedObject> first = await MachineFile.SaveAsync(machine, In("1.doppel"));
        IReadOnlyList<SavedObject> second = await MachineFile.SaveAsync(machine, In("2.doppel"), "secret");
        await MachineFile.SaveAsync(machine, In("3.doppel"));
        Assert.Equal(first, second);
        Assert.Equal(File.ReadAllBytes(In("1.doppel")), File.ReadAllBytes(In("3.doppel")));
        await using FileStream input = File.OpenRead(In("2.doppel"));
        Assert.Equal(first, await MachineFile.CheckAsync(input, "2.doppel", () => "secret"));
        Assert.Equal(["machine", "bios", "disk/0"], first.Select(o => o.Name));
    }

    [Fact]
    public async Task File_says_nothing_of_the_host()
    {
        var file = new MemoryStream();
        await MachineFile.SaveAsync(WithDisk("one"), file);
        List<(Doppel.Machine.Portable.Format.PortableObject Object, byte[] Content)> objects = await PortableFiles.ReadAsync(new MemoryStream(file.ToArray()));
        Assert.DoesNotContain(_folder.Path, Encoding.UTF8.GetString(objects[0].Content));
    }

    [Fact]
    public async Task File_that_is_there_stays_and_a_failure_leaves_none()
    {
        NamedMachine machine = WithDisk("one");
        File.WriteAllText(In("there"), "x");
        Assert.Equal(ErrorKind.WrongState, await KindAsync(MachineFile.SaveAsync(machine, In("there"))));
        Assert.Equal("x", File.ReadAllText(In("there")));
        Assert.Equal(ErrorKind.NotFound, await KindAsync(MachineFile.SaveAsync(machine, In("nowhere/file"))));
        File.Delete(In("one.img"));
        Assert.Equal(ErrorKind.NotFound, await KindAsync(MachineFile.SaveAsync(machine, In("new"))));
        Assert.Empty(Directory.GetFiles(_folder.Path, "new*"));
    }

    [Fact]
    public async Task Name_can_be_another_one_and_must_be_free()
    {
        NamedMachine machine = WithDisk("one");
        await MachineFile.SaveAsync(machine, In("file"));
        Assert.Equal(ErrorKind.WrongState, await KindAsync(LoadAsync(_store, In("file"), new MachineLoad())));
        Assert.Equal("two", (await LoadAsync(_store, In("file"), new MachineLoad { Name = "two", Engine = EngineKind.Interpreter })).Name);
        Assert.Equal(EngineKind.Interpreter, (await _store.Get("two").LookAsync()).Config.Engine);
        Assert.Equal(ErrorKind.Usage, await KindAsync(LoadAsync(_store, In("file"), new MachineLoad { Name = "../x" })));
        Assert.Equal(["one", "two"], Directory.GetFileSystemEntries(In("state/machines")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Passphrase_is_asked_for_only_if_there_is_one()
    {
        NamedMachine machine = WithDisk("one");
        await MachineFile.SaveAsync(machine, In("open"));
        await MachineFile.SaveAsync(machine, In("sealed"), "right");
        var other = new MachineStore(In("other"));
        await LoadAsync(other, In("open"), new MachineLoad { Passphrase = () => throw new InvalidOperationException() });
        Assert.Equal(ErrorKind.Denied, await KindAsync(LoadAsync(other, In("sealed"), new MachineLoad { Name = "two", Passphrase = () => "wrong" })));
    }

    [Fact]
    public async Task Half_a_machine_that_a_killed_process_left_is_gone_with_the_next_one()
    {
        string left = In("state/machines/.new-0123");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "disk0.img"), "x");
        WithDisk("one");
        Assert.True(Directory.Exists(left));
        Directory.SetLastWriteTimeUtc(left, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        _store.Create(_programs.BareMetal(Seven) with { Name = "two" });
        Assert.False(Directory.Exists(left));
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData("\"name\":\"one\"", "\"name\":\"../one\"", ErrorKind.Usage, "no name")]
    [InlineData("\"image\":null", "\"image\":\"a\\u001b[2J\"", ErrorKind.Corrupt, "control")]
    [InlineData("\"cpus\":1", "\"cpus\":100", ErrorKind.Usage, "100 processors")]
    [InlineData("\"cpus\":1", "\"cpus\":null", ErrorKind.Corrupt, "machine")]
    [InlineData("\"engine\":\"Auto\"", "\"engine\":77", ErrorKind.Corrupt, "'engine'")]
    [InlineData("\"engine\":\"Auto\"", "\"engine\":\"Best\"", ErrorKind.Corrupt, "'engine'")]
    [InlineData("\"console\":\"Auto\"", "\"console\":9", ErrorKind.Corrupt, "'console'")]
    [InlineData("\"format\":\"Raw\"", "\"format\":7", ErrorKind.Corrupt, "'format'")]
    [InlineData("\"format\":\"Raw\"", "\"format\":null", ErrorKind.Corrupt, "a disk without a format")]
    [InlineData("\"ports\":[]", "\"ports\":[null]", ErrorKind.Corrupt, "'ports'")]
    [InlineData("\"disks\":[{", "\"disks\":[null,{", ErrorKind.Corrupt, "something else where an object belongs")]
    [InlineData("\"disks\":[{", "\"disks\":[{\"path\":\"\",\"format\":\"Raw\"},{", ErrorKind.Corrupt, "ends without 'disk/1'")]
    [InlineData("\"disks\":[{\"path\":\"\",\"readOnly\":false,\"format\":\"Raw\",\"allowBackingAnywhere\":false,\"copyOnWrite\":false}]", "\"disks\":[]", ErrorKind.Corrupt, "an object that the machine has not")]
    [InlineData("{\"format\":1", "{\"format\":2", ErrorKind.Corrupt, "format 2")]
    [InlineData("\"machine\":{", "\"machine\":null,\"x\":{", ErrorKind.Corrupt, "machine")]
    public async Task Record_of_somebody_who_means_no_good_is_refused(string text, string other, ErrorKind kind, string why)
    {
        byte[] file = await ForgeAsync(record => Replace(record, text, other));
        var store = new MachineStore(In("other"));
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => MachineFile.LoadAsync(store, new MemoryStream(file), "x.doppel", new MachineLoad()));
        Assert.Equal(kind, error.Kind);
        Assert.Contains(why, error.Message);
        Assert.Empty(store.List());
        if (Directory.Exists(In("other/machines"))) Assert.Empty(Directory.GetFileSystemEntries(In("other/machines")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ways_to_the_host_are_closed_unless_the_user_wants_them(bool keep)
    {
        var user = new UserNetworkSettings { HostLoopback = true, Allow = ["192.0.2.0/24"], Deny = ["198.51.100.0/24"], Forwards = ["127.0.0.1:8022:22"], Network = "10.9.0.0/24" };
        _store.Create(_programs.BareMetal(Seven) with { Name = "one", Networks = [new NetworkConfig { Kind = NetworkKind.User, User = user }] });
        var file = new MemoryStream();
        await MachineFile.SaveAsync(_store.Get("one"), file);
        var warnings = new List<string>();
        NamedMachine loaded = await MachineFile.LoadAsync(new MachineStore(In("other")), new MemoryStream(file.ToArray()), "x.doppel", new MachineLoad { KeepNetwork = keep, Warn = warnings.Add });
        UserNetworkSettings now = (await loaded.LookAsync()).Config.Networks[0].User!;
        Assert.Equal((keep, keep ? 1 : 0, keep ? 1 : 0, 1, "10.9.0.0/24"), (now.HostLoopback, now.Allow.Count, now.Forwards.Count, now.Deny.Count, now.Network));
        Assert.Equal(keep ? 0 : 1, warnings.Count);
    }

    [Theory]
    [InlineData("\"kind\":\"User\"", "\"kind\":9", "'kind'")]
    [InlineData("\"allow\":[]", "\"allow\":null", "machine")]
    [InlineData("\"user\":{", "\"user\":{},\"x\":{", null)]
    [InlineData("\"forwards\":[]", "\"forwards\":[\"nonsense\"]", null)]
    [InlineData("\"mtu\":1500", "\"mtu\":1", "packets of 1 bytes")]
    public async Task Network_of_somebody_who_means_no_good_is_refused_or_does_no_harm(string text, string other, string? why)
    {
        _store.Create(_programs.BareMetal(Seven) with { Name = "one", Networks = [new NetworkConfig { Kind = NetworkKind.User, User = new UserNetworkSettings() }] });
        byte[] file = await ForgeAsync(_store.Get("one"), record => Replace(record, text, other));
        Task<NamedMachine> load = MachineFile.LoadAsync(new MachineStore(In("other")), new MemoryStream(file), "x.doppel", new MachineLoad());
        if (why is not null) Assert.Contains(why, (await Assert.ThrowsAsync<DoppelException>(() => load)).Message);
        else Assert.Empty((await (await load).LookAsync()).Config.Networks[0].User!.Forwards);
    }

    [Fact]
    public async Task Setting_that_an_earlier_version_did_not_know_has_its_usual_value()
    {
        byte[] file = await ForgeAsync(record => Replace(Replace(Replace(Replace(record, "\"ports\":[],", ""), "\"append\":\"\",", ""), "\"virtioConsole\":true,", ""), "{\"paging\":\"Sv57\"}", "{}"));
        NamedMachine machine = await MachineFile.LoadAsync(new MachineStore(In("other")), new MemoryStream(file), "x.doppel", new MachineLoad());
        VmConfig config = (await machine.LookAsync()).Config;
        Assert.Equal(("", true, PagingMode.Sv57), (config.Append, config.VirtioConsole, config.Cpu.Paging));
        Assert.Empty(config.Ports);

        string record = machine.Folder.File("machine.json");
        File.WriteAllText(record, File.ReadAllText(record).Replace("\"deviceTreeChanges\": [],", ""));
        Assert.Empty((await machine.LookAsync()).Config.DeviceTreeChanges);
        Assert.Equal(7, (await machine.RunHereAsync()).ExitCode);
    }

    [Fact]
    public async Task Paths_in_a_record_are_not_used()
    {
        string victim = In("victim");
        File.WriteAllText(victim, "precious");
        byte[] file = await ForgeAsync(record => Replace(Replace(Replace(record, "\"path\":\"\"", $"\"path\":\"{victim}\""), "\"bios\":\"bios\"", $"\"bios\":\"{victim}\""), "\"allowBackingAnywhere\":false", "\"allowBackingAnywhere\":true"));
        var store = new MachineStore(In("other"));
        MachineStatus status = await (await MachineFile.LoadAsync(store, new MemoryStream(file), "x.doppel", new MachineLoad())).LookAsync();
        Assert.Equal("precious", File.ReadAllText(victim));
        Assert.StartsWith(store.Folder, status.Config.Bios);
        Assert.StartsWith(store.Folder, status.Config.Disks[0].Path);
        Assert.False(status.Config.Disks[0].AllowBackingAnywhere);
    }

    private string In(string name) => Path.Combine(_folder.Path, name);

    private NamedMachine WithDisk(string name)
    {
        string disk = In($"{name}.img");
        DiskImage.CreateRaw(disk, 128 << 10);
        Fill(disk, 512, PortableFiles.Noise(1024, 1));
        return _store.Create(_programs.BareMetal(Seven) with { Name = name, Disks = [new DiskConfig(disk)] });
    }

    /// <summary>The file of a machine whose record somebody has changed.</summary>
    private Task<byte[]> ForgeAsync(Func<string, string> change) => ForgeAsync(WithDisk("one"), change);

    private static async Task<byte[]> ForgeAsync(NamedMachine machine, Func<string, string> change)
    {
        var file = new MemoryStream();
        await MachineFile.SaveAsync(machine, file);
        using var forged = new ForgedFile();
        foreach ((Doppel.Machine.Portable.Format.PortableObject found, byte[] content) in await PortableFiles.ReadAsync(new MemoryStream(file.ToArray())))
            forged.Whole(found.Name, found.Name == "machine" ? Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(content))) : content);
        return forged.End();
    }

    private static string Replace(string record, string text, string other)
    {
        Assert.Contains(text, record);
        return record.Replace(text, other);
    }

    private static void Fill(string path, long offset, byte[] content)
    {
        SynchronousDisk disk = DiskImage.Open(path);
        disk.Write(offset, content);
        disk.Close();
    }

    private static byte[] Content(DiskConfig config)
    {
        SynchronousDisk disk = DiskImage.Open(config.Path, new DiskOpenOptions { Format = config.Format, ReadOnly = true });
        byte[] content = new byte[disk.Length];
        disk.Read(0, content);
        disk.Close();
        return content;
    }

    private static async Task<NamedMachine> LoadAsync(MachineStore store, string path, MachineLoad options)
    {
        await using FileStream input = File.OpenRead(path);
        return await MachineFile.LoadAsync(store, input, path, options);
    }

    private static async Task<ErrorKind> KindAsync(Task task) => (await Assert.ThrowsAsync<DoppelException>(() => task)).Kind;
}
