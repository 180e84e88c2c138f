using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Doppel.Tests.System.Cli;

/// <summary>Machines in processes of their own in one network, by the real command.</summary>
[Collection(BootCollection.Name)]
public sealed class NamedNetworkTests(DefaultGuest defaultGuest) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("doppel-net-");

    public void Dispose()
    {
        foreach (string name in Out("ls", "-q").GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries)) RunAsync("rm", "-f", name).GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Guests_reachEachOther_alsoWhenTheCarrierWasKilled()
    {
        defaultGuest.Require();
        Assert.Equal("lab\n", await Out("net", "create", "lab"));
        foreach (string name in (string[])["a", "b", "c"])
        {
            await Out("create", "--name", name, "--memory", "128M", "--net", "lab,locked");
            await Out("start", name);
        }

        foreach (string name in (string[])["a", "b", "c"]) await TypeAsync(name, $"killall udhcpc; ip addr add 10.0.0.{name[0] - 'a' + 1}/24 dev eth0");
        await UntilAsync("a", "ping -c 1 -W 1 10.0.0.2 > /dev/null && ping -c 1 -W 1 10.0.0.3 > /dev/null && echo reached$((1))", "reached1");
        JsonElement lab = Assert.Single(JsonDocument.Parse(await Out("net", "inspect", "lab")).RootElement.EnumerateArray());
        Assert.Equal(3, lab.GetProperty("ports").GetArrayLength());
        Assert.Equal(4, (await RunAsync("net", "rm", "lab")).Code);

        // What passes can be recorded, of the network and of a machine in it.
        await TypeAsync("a", "ping 10.0.0.2 > /dev/null &");
        foreach (string recorded in (string[])["lab", "a"])
        {
            string file = Path.Combine(_folder.FullName, recorded + ".pcap");
            using var process = new DoppelProcess(new Dictionary<string, string> { ["DOPPEL_STATE"] = _folder.FullName }, ["net", "capture", recorded, file]);
            process.Input.Close();
            await process.WaitForErrorAsync("recording", Limits.Command);
            await Task.Delay(2500, TestContext.Current.CancellationToken);
            process.Signal("INT");
            DoppelResult capture = await process.WaitAsync(Limits.Command);
            Assert.True(capture.Code == 0, capture.Error);
            Assert.Matches($"^{recorded}: recording; Ctrl-C ends it\n{recorded}: [1-9][0-9]* frames\n$", capture.Error);
            Assert.NotEqual("", await Tshark.ReadAsync(file, "-Y", "icmp.type == 8 and ip.src == 10.0.0.1"));
            Assert.NotEqual("", await Tshark.ReadAsync(file, "-Y", "icmp.type == 0 and ip.dst == 10.0.0.1"));
        }

        Assert.Equal(3, (await RunAsync("net", "capture", "a", "x.pcap", "--adapter", "1")).Code);
        Assert.Equal(3, (await RunAsync("net", "capture", "nobody", "x.pcap")).Code);

        // Whoever it was that carried the network is gone without a word; the two that are left go on.
        int carrier = lab.GetProperty("processId").GetInt32();
        JsonElement[] machines = [.. JsonDocument.Parse(await Out("ls", "--format", "json")).RootElement.EnumerateArray()];
        string victim = machines.Single(m => m.GetProperty("processId").GetInt32() == carrier).GetProperty("name").GetString()!;
        using (Process process = Process.GetProcessById(carrier)) process.Kill();
        string[] left = [.. ((string[])["a", "b", "c"]).Where(n => n != victim)];
        await UntilAsync(left[0], $"ping -c 1 -W 1 10.0.0.{left[1][0] - 'a' + 1} > /dev/null && echo reached$((2))", "reached2");

        foreach (string name in left) await Out("kill", name);
        Assert.Equal("lab\n", await Out("net", "rm", "lab"));
    }

    [Fact]
    public async Task Guests_ofANetworkWithAWayOut_haveAddressesAndNames_alsoWhenTheCarrierWasKilled()
    {
        defaultGuest.Require();
        await Out("net", "create", "web", "--uplink", "net=10.7.0.0/24");
        foreach (string name in (string[])["a", "b"])
        {
            await Out("create", "--name", name, "--memory", "128M", "--net", "web,locked");
            await Out("start", name);
        }

        await UntilAsync("a", "nslookup b.doppel | grep -q '10[.]7[.]0[.]' && ping -c 1 -W 1 b.doppel > /dev/null && ping -c 1 -W 1 gateway.doppel > /dev/null && echo reached$((1))", "reached1");
        JsonElement web = Assert.Single(JsonDocument.Parse(await Out("net", "inspect", "web")).RootElement.EnumerateArray());
        Assert.Equal("10.7.0.0/24", web.GetProperty("uplink").GetProperty("network").GetString());
        string[] leases = Leases(web);
        Assert.Equal(2, leases.Length);

        int carrier = web.GetProperty("processId").GetInt32();
        JsonElement[] machines = [.. JsonDocument.Parse(await Out("ls", "--format", "json")).RootElement.EnumerateArray()];
        string victim = machines.Single(m => m.GetProperty("processId").GetInt32() == carrier).GetProperty("name").GetString()!;
        using (Process process = Process.GetProcessById(carrier)) process.Kill();
        string left = victim == "a" ? "b" : "a";
        await UntilAsync(left, "ping -c 1 -W 1 gateway.doppel > /dev/null && echo reached$((2))", "reached2");
        Assert.Equal(leases, Leases(Assert.Single(JsonDocument.Parse(await Out("net", "inspect", "web")).RootElement.EnumerateArray())));
        await Out("kill", left);
        Assert.Equal("web\n", await Out("net", "rm", "web"));

        static string[] Leases(JsonElement network) => [.. network.GetProperty("leases").EnumerateArray().Select(l => $"{l.GetProperty("name")} {l.GetProperty("address")}").Order()];
    }

    [Fact]
    public async Task Network_thatIsNotThere_isNotFound()
    {
        defaultGuest.Require();
        DoppelResult result = await RunAsync("run", "--net", "nowhere", "--", "true");
        Assert.Equal(3, result.Code);
        Assert.Contains("try: doppel net create nowhere", result.Error, StringComparison.Ordinal);
    }

    /// <summary>Lets the guest try until it succeeds.</summary>
    private async Task UntilAsync(string machine, string command, string sign)
    {
        await TypeAsync(machine, $"until {command}; do sleep 0.2; done");
        await ShownAsync(machine, sign);
    }

    /// <summary>Waits for the shell and types a line.</summary>
    private async Task TypeAsync(string machine, string line)
    {
        await ShownAsync(machine, "~ # ");
        // On a slow host the second that the console stays for an answer may be over before it is connected: then nothing was typed.
        byte[] typed = Encoding.ASCII.GetBytes(line + "\r");
        while ((await RunAsync(typed, ["console", machine])).Code == 130)
        {
        }
    }

    private async Task ShownAsync(string machine, string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!(await Out("logs", machine)).Contains(text, StringComparison.Ordinal))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limits.Boot, $"{machine} does not show '{text}', but\n{await Out("logs", machine)}");
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }
    }

    private async Task<string> Out(params string[] arguments)
    {
        DoppelResult result = await RunAsync([], arguments);
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
}
