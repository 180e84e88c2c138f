using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Doppel.Tests.System.Cli;

/// <summary>Machines with names, by the real command: each in a process of its own, which outlives the command that started it.</summary>
[Collection(BootCollection.Name)]
public sealed class NamedMachineTests(DefaultGuest defaultGuest) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("doppel-state-");

    public void Dispose()
    {
        // Whatever a test left running goes with it.
        foreach (string name in Out("ls", "-q").GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries)) RunAsync("rm", "-f", name).GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Guest_livesItsLife_underItsName()
    {
        defaultGuest.Require();
        Assert.Equal("box\n", await Out("create", "--name", "box", "--memory", "256M", "--cpus", "2"));
        Assert.Equal("box\n", await Out("start", "box"));
        JsonElement row = Assert.Single(JsonDocument.Parse(await Out("ls", "--format", "json")).RootElement.EnumerateArray());
        Assert.Equal(("box", "running", 2), (row.GetProperty("name").GetString(), row.GetProperty("state").GetString(), row.GetProperty("cpus").GetInt32()));
        await UntilAsync(async () => (await Out("logs", "box")).Contains("~ # ", StringComparison.Ordinal));
        Assert.Contains("riscv64\r\n2\r\n", await Out(Encoding.ASCII.GetBytes("uname -m; nproc\r"), "console", "box"), StringComparison.Ordinal);
        Assert.Contains("translator.", await Out("stats", "box"), StringComparison.Ordinal);

        // The guest switches itself off when it is asked to; the plug need not be pulled.
        DoppelResult stopped = await RunAsync("stop", "--time", "2m", "box");
        Assert.Equal((0, "box\n", ""), (stopped.Code, stopped.Out, stopped.Error));
        Assert.Contains("reboot: Power down", await Out("logs", "--tail", "3", "box"), StringComparison.Ordinal);
        Assert.Equal("0\n", await Out("wait", "box"));
        Assert.Equal("PowerOff", Assert.Single(JsonDocument.Parse(await Out("inspect", "box")).RootElement.EnumerateArray()).GetProperty("exit").GetProperty("reason").GetString());
        Assert.Equal("box\n", await Out("rm", "box"));
        Assert.DoesNotContain("box", await Out("ls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Children_ofAGuest_shareItsPast_andGoTheirOwnWays()
    {
        defaultGuest.Require();
        await Out("create", "--name", "box", "--memory", "256M", "--net", "user");
        await Out("start", "box");
        await UntilAsync(async () => (await Out("logs", "box")).Contains("~ # ", StringComparison.Ordinal));
        await SayAsync("box", "echo past > /tmp/file");
        string address = await AddressAsync("box");
        Assert.Equal(["box-1", "box-2"], (await Out("fork", "box", "-n", "2")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal("kid\n", await Out("fork", "box-1", "--name", "kid"));
        foreach (string name in (string[])["box", "box-1", "box-2", "kid"]) await SayAsync(name, $"echo {name} >> /tmp/file");
        foreach (string name in (string[])["box", "box-1", "box-2", "kid"])
            Assert.Contains($"past\r\n{name}\r\n", await SayAsync(name, "cat /tmp/file"), StringComparison.Ordinal);
        Assert.NotEqual(await RandomAsync("box-1"), await RandomAsync("box-2"));
        Assert.Equal(4, (await RunAsync("fork", "box", "--name", "kid")).Code);

        // Each has an adapter of its own, with a lease, and a number for an identity of its own.
        Assert.Equal(address, await AddressAsync("box"));
        var others = new HashSet<string> { address };
        foreach (string name in (string[])["box-1", "kid"])
        {
            await UntilAsync(async () => await AddressAsync(name) is var now && now != address && now.Contains(" 10.0.2.15/24", StringComparison.Ordinal));
            Assert.True(others.Add(await AddressAsync(name)));
            Assert.True(Guid.TryParse((await SayAsync(name, "cat /run/machine-id.hint")).Split('\n')[^2], out _));
        }

        async Task<string> AddressAsync(string name) =>
            (await SayAsync(name, "echo $(cat /sys/class/net/eth0/address) $(ip -4 addr show eth0 | grep -o ' 10[0-9./]*')")).Split('\n')[^2].Trim();

        async Task<string> RandomAsync(string name) => (await SayAsync(name, "od -An -tx1 -N16 /dev/urandom")).Split('\n')[^2];
    }

    /// <summary>Types a command at a guest's shell.</summary>
    /// <returns>What its console shows up to the end of that.</returns>
    private async Task<string> SayAsync(string name, string command)
    {
        string mark = Guid.NewGuid().ToString("n")[..8];
        await Out(Encoding.ASCII.GetBytes($"{command}; echo '{mark[..4]}''{mark[4..]}'\r"), "console", name);
        string shown = "";
        await UntilAsync(async () => (shown = await Out("logs", name)).Contains(mark, StringComparison.Ordinal));
        return shown[..shown.IndexOf(mark, StringComparison.Ordinal)];
    }

    [Fact]
    public async Task Machine_whoseProcessIsKilled_isCrashed_andStartsAgain()
    {
        await CreateAsync("victim");
        await Out("start", "victim");
        JsonElement row = Assert.Single(JsonDocument.Parse(await Out("ls", "--format", "json")).RootElement.EnumerateArray());
        using (Process process = Process.GetProcessById(row.GetProperty("processId").GetInt32())) process.Kill();
        await UntilAsync(async () => (await Out("ls")).Contains("crashed", StringComparison.Ordinal));
        Assert.Equal(1, (await RunAsync("wait", "victim")).Code);

        await Out("start", "victim");
        await Out("pause", "victim");
        Assert.Contains("paused", await Out("ls"), StringComparison.Ordinal);
        await Out("resume", "victim");
        await Out("kill", "victim");
        Assert.Contains("stopped (0)", await Out("ls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_withCow_staysAsItIs_andTheMachineHasALayer()
    {
        string file = Path.Combine(Path.GetDirectoryName(Program())!, "cow.img");
        await Out("disk", "create", file, "1M");
        Assert.Equal("cow\n", await Out("create", "--name", "cow", "--memory", "32M", "--bios", Program(), "--disk", $"{file},cow"));
        string[] disks = [.. Assert.Single(JsonDocument.Parse(await Out("inspect", "cow")).RootElement.EnumerateArray()).GetProperty("config").GetProperty("disks").EnumerateArray().Select(d => d.GetProperty("path").GetString()!)];
        Assert.Equal("disk0.qcow2", Path.GetFileName(Assert.Single(disks)));
        await Out("start", "cow");
        Assert.Equal("cow-1\n", await Out("fork", "cow"));
    }

    [Fact]
    public async Task Ports_ofARunningMachine_areAddedAndRemoved()
    {
        Assert.Equal("open\n", await Out("create", "--name", "open", "--memory", "32M", "--bios", Program(), "--net", "user", "-p", "0:7"));
        Assert.Equal(4, (await RunAsync("port", "ls", "open")).Code);
        await Out("start", "open");
        string added = (await Out("port", "add", "open", "0:10.0.2.15:53/udp")).TrimEnd();
        Assert.Matches(@"^127\.0\.0\.1:\d+:10\.0\.2\.15:53/udp$", added);
        JsonElement[] rows = [.. JsonDocument.Parse(await Out("port", "ls", "open", "--format", "json")).RootElement.EnumerateArray()];
        Assert.Equal([("tcp", 7), ("udp", 53)], rows.Select(r => (r.GetProperty("protocol").GetString(), r.GetProperty("guestPort").GetInt32())));
        Assert.Equal(4, (await RunAsync("port", "add", "open", added)).Code);
        await Out("port", "rm", "open", added);
        Assert.Equal(3, (await RunAsync("port", "rm", "open", added)).Code);
        await Out("kill", "open");
    }

    [Fact]
    public async Task Mistakes_haveTheirCodes()
    {
        await CreateAsync("one");
        foreach ((int code, string[] command) in new (int, string[])[]
        {
            (3, ["start", "nobody"]),
            (4, ["stop", "one"]),
            (4, ["console", "one"]),
            (4, ["wait", "one"]),
            (4, ["create", "--name", "one", "--bios", Program()]),
            (2, ["create", "--name", "../x", "--bios", Program()]),
            (2, ["start"]),
            (2, ["stop", "--time", "soon", "one"]),
        })
        {
            DoppelResult result = await RunAsync(command);
            Assert.True(code == result.Code, $"{string.Join(' ', command)}: {result.Code}\n{result.Error}");
            Assert.StartsWith("doppel: ", result.Error, StringComparison.Ordinal);
            Assert.Contains("try: ", result.Error, StringComparison.Ordinal);
        }

        // One that fails does not keep the others from starting, and decides about the code.
        DoppelResult some = await RunAsync("start", "nobody", "one");
        Assert.Equal((3, "one\n"), (some.Code, some.Out));
        Assert.Equal(4, (await RunAsync("start", "one")).Code);
        Assert.Equal(4, (await RunAsync("rm", "one")).Code);
        Assert.Equal("one\n", await Out("rm", "--force", "one"));
    }

    private string Program()
    {
        string path = Path.Combine(_folder.FullName, "loop.bin");
        // A bare-metal loop: `j .`.
        File.WriteAllBytes(path, [0x6f, 0, 0, 0]);
        return path;
    }

    private async Task CreateAsync(string name) => Assert.Equal($"{name}\n", await Out("create", "--name", name, "--memory", "32M", "--bios", Program()));

    private Task<string> Out(params string[] arguments) => Out([], arguments);

    private async Task<string> Out(byte[] input, params string[] arguments)
    {
        DoppelResult result = await RunAsync(input, arguments);
        Assert.True(result.Code == 0, $"{string.Join(' ', arguments)}: {result.Code}\n{result.Error}");
        return result.Out;
    }

    private Task<DoppelResult> RunAsync(params string[] arguments) => RunAsync([], arguments);

    private async Task<DoppelResult> RunAsync(byte[] input, string[] arguments)
    {
        using var process = new DoppelProcess(new Dictionary<string, string> { ["DOPPEL_STATE"] = _folder.FullName }, arguments);
        if (input.Length > 0)
        {
            await process.Input.WriteAsync(input);
            await process.Input.FlushAsync();
        }

        process.Input.Close();
        return await process.WaitAsync(Limits.Command);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Limits.Command);
        while (!await condition()) await Task.Delay(100, limit.Token);
    }
}
