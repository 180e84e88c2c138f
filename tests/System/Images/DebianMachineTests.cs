using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Doppel.Tests.System.Cli;
using Doppel.Tests.System.Machine;

namespace Doppel.Tests.System.Images;

/// <summary>Debian on a disk as a machine with a name, and every way into it by the real command: exec, ssh, files, and what can be waited for.</summary>
[UnsupportedOSPlatform("windows")]
[Collection(nameof(BootsOneByOne))]
public sealed class DebianMachineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doppel-state-").FullName;

    public void Dispose()
    {
        Out(["ls", "-q"]).GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList().ForEach(name => RunAsync([], ["rm", "-f", name]).GetAwaiter().GetResult());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Debian_withAName_isToldIt()
    {
        await DebianDisk.ImageAsync();
        await Out(["create", "debian", "--name", "plain"]);

        string seed = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(Directory.GetFiles(_folder, "seed.iso", SearchOption.AllDirectories).Single()));
        Assert.Contains("\nlocal-hostname: plain\npublic-keys:\n", seed, StringComparison.Ordinal);
        Assert.Contains("\0#cloud-config\n\0", seed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debian_isGotInto_inAllWays()
    {
        await DebianDisk.ImageAsync();
        string userData = Path.Combine(_folder, "user-data");
        await File.WriteAllTextAsync(userData, "#cloud-config\nruncmd:\n  - echo seeded > /root/seeded\n");
        await Out(["create", "debian", "--name", "box", "--cloud-init", userData, "--append", "doppel.test=1"]);
        await Out(["start", "box"]);
        Assert.Equal(6, (await RunAsync([], ["wait", "box", "--for", "port:12345", "--timeout", "10ms"])).Code);
        Assert.Equal("box\n", await Out(["wait", "box", "--for", "agent", "--timeout", "3m"]));
        Assert.Equal("box\n", await Out(["wait", "box", "--for", "boot", "--timeout", "3m"]));
        Assert.Equal("running\n", await Out(["exec", "box", "--", "systemctl", "is-system-running"]));

        Assert.Equal("seeded\nbox\n", await Out(["exec", "box", "--", "sh", "-c", "cat /root/seeded; hostname; grep -q doppel.test=1 /proc/cmdline"]));
        await StreamsAndCodes();
        await Signals();
        await Copies();
        await Ssh();
    }

    private async Task StreamsAndCodes()
    {
        DoppelResult result = await RunAsync("input\n"u8.ToArray(), ["exec", "box", "-e", "A=x y", "-w", "/srv", "--", "sh", "-c", "cat; echo \"$A\"; pwd; id -un >&2; exit 42"]);
        Assert.Equal((42, "input\nx y\n/srv\n", "root\n"), (result.Code, result.Out, result.Error));
        result = await RunAsync([], ["exec", "box", "-u", "nobody", "--", "sh", "-c", "id -un; echo reopened > /dev/stderr"]);
        Assert.Equal((0, "nobody\n", "reopened\n"), (result.Code, result.Out, result.Error));
        Assert.Equal(127, (await RunAsync([], ["exec", "box", "--", "no-such-program"])).Code);
        Assert.Equal(126, (await RunAsync([], ["exec", "box", "--", "/etc/passwd"])).Code);
        Assert.Equal(125, (await RunAsync([], ["exec", "box", "-u", "nobody-there", "--", "id"])).Code);
        Assert.Equal(137, (await RunAsync([], ["exec", "box", "--", "sh", "-c", "kill -9 $$"])).Code);

        // More than a file of the guest's has, in both directions at once.
        byte[] data = RandomNumberGenerator.GetBytes(6 << 20);
        result = await RunAsync(data, ["exec", "box", "--", "sh", "-c", "tee /dev/stderr | sha256sum"]);
        Assert.Equal((0, $"{Convert.ToHexStringLower(SHA256.HashData(data))}  -\n"), (result.Code, result.Out));
        byte[][] many = await Task.WhenAll(Enumerable.Range(1, 3).Select(async n => (await RunAsync([], ["exec", "box", "--", "sh", "-c", $"yes {n} | head -c 1048576"])).OutBytes));
        Assert.All(many.Select((bytes, i) => (bytes, i)), m => Assert.Equal(string.Concat(Enumerable.Repeat($"{m.i + 1}\n", 1 << 19)), Encoding.ASCII.GetString(m.bytes)));
        // Nothing is left of them, but a moment later.
        using var limit = new CancellationTokenSource(Limits.Command);
        while ((await Out(["exec", "box", "--", "sh", "-c", "ls /run | grep -c ^doppel-"])) != "1\n") await Task.Delay(100, limit.Token);
    }

    private async Task Signals()
    {
        using var process = new DoppelProcess(Environment, "exec", "box", "--", "sh", "-c", "echo ready >&2; sleep 1000; echo not reached");
        await process.WaitForErrorAsync("ready", Limits.Command);
        process.Signal("INT");
        DoppelResult result = await process.WaitAsync(Limits.Command);
        Assert.Equal((130, ""), (result.Code, result.Out));
        Assert.Equal("0\n", await Out(["exec", "box", "--", "sh", "-c", "pgrep -c sleep; :"]));
    }

    private async Task Copies()
    {
        string here = Path.Combine(_folder, "data"), back = Path.Combine(_folder, "back");
        byte[] data = RandomNumberGenerator.GetBytes(16 << 20);
        await File.WriteAllBytesAsync(here, data);
        File.SetUnixFileMode(here, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await Out(["cp", here, "box:/srv/copy"]);
        Assert.Equal($"{Convert.ToHexStringLower(SHA256.HashData(data))}  /srv/copy\n700 root\n", await Out(["exec", "box", "--", "sh", "-c", "sha256sum /srv/copy; stat -c '%a %U' /srv/copy"]));
        await Out(["cp", "box:/srv/copy", back]);
        Assert.Equal(data, await File.ReadAllBytesAsync(back));
        Assert.Equal(File.GetUnixFileMode(here), File.GetUnixFileMode(back));

        string tree = Path.Combine(_folder, "tree");
        Directory.CreateDirectory(Path.Combine(tree, "empty"));
        Directory.CreateDirectory(Path.Combine(tree, "sub folder"));
        await File.WriteAllTextAsync(Path.Combine(tree, "sub folder", "ä.txt"), "content");
        File.CreateSymbolicLink(Path.Combine(tree, "link"), "sub folder/ä.txt");
        await Out(["cp", "-r", tree, "box:/srv"]);
        Assert.Equal("content", await Out(["exec", "box", "--", "cat", "/srv/tree/link"]));
        await Out(["exec", "box", "--", "mkfifo", "/srv/tree/pipe"]);
        DoppelResult copied = await RunAsync([], ["cp", "-r", "box:/srv/tree", Path.Combine(_folder, "other")]);
        Assert.Equal((0, "doppel: 1 sockets, devices or the like were left out\n"), (copied.Code, copied.Error));
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(_folder, "other", "link")));
        Assert.True(Directory.Exists(Path.Combine(_folder, "other", "empty")));

        Assert.Equal(2, (await RunAsync([], ["cp", "box:/srv/tree", back])).Code);
        Assert.Equal(3, (await RunAsync([], ["cp", "box:/srv/missing", back])).Code);
        Assert.Equal(3, (await RunAsync([], ["cp", here, "box:/missing/there"])).Code);
        Assert.Equal(1, (await RunAsync([], ["cp", here, "box:/proc/x"])).Code);
    }

    private async Task Ssh()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/ssh"), "needs OpenSSH's client (openssh-client) to log in");
        Assert.Equal("box\n", await Out(["wait", "box", "--for", "port:22", "--timeout", "1m"]));
        DoppelResult result = await RunAsync("typed\n"u8.ToArray(), ["ssh", "box", "--", "cat; id -un; exit 5"]);
        Assert.Equal((5, "typed\nroot\n"), (result.Code, result.Out));
        Assert.Equal("box\n", await Out(["wait", "box", "--for", "ssh", "--timeout", "1m"]));
        string[] kept = [.. Directory.GetFiles(Path.Combine(_folder, "machines", "box", "ssh")).Select(Path.GetFileName).Order()!];
        Assert.Equal(["key", "known_hosts"], kept);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "machines", "box", "ssh", "key")));
        Assert.Equal("[]", (await Out(["port", "ls", "box", "--format", "json"])).Trim());
        Assert.Contains("/dev/pts/", await Out(["exec", "-t", "box", "-e", "A=it's", "-w", "/tmp", "--", "sh", "-c", "tty; pwd; echo \"$A\""]), StringComparison.Ordinal);
    }

    private Dictionary<string, string> Environment => new() { ["DOPPEL_STATE"] = _folder };

    private async Task<string> Out(string[] arguments)
    {
        DoppelResult result = await RunAsync([], arguments);
        Assert.True(result.Code == 0, $"{string.Join(' ', arguments)}: {result.Code}\n{result.Error}");
        return result.Out;
    }

    private async Task<DoppelResult> RunAsync(byte[] input, string[] arguments)
    {
        using var process = new DoppelProcess(Environment, arguments);
        Task fed = Task.Run(async () =>
        {
            try
            {
                await process.Input.WriteAsync(input);
                process.Input.Close();
            }
            catch (IOException)
            {
                // The command may end without having read everything.
            }
        });
        DoppelResult result = await process.WaitAsync(DebianDisk.Patience);
        await fed;
        return result;
    }
}
