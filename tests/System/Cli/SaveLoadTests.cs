using System.Text;
using System.Text.Json;

namespace Doppel.Tests.System.Cli;

/// <summary>Whole machines as files, by the real command.</summary>
[Collection(BootCollection.Name)]
public sealed class SaveLoadTests(DefaultGuest defaultGuest) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("doppel-state-");

    public void Dispose()
    {
        foreach (string name in Out("ls", "-q").GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries)) RunAsync([], ["rm", "-f", name]).GetAwaiter().GetResult();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Guest_that_is_saved_while_it_runs_goes_on_where_it_is_loaded()
    {
        defaultGuest.Require();
        string disk = In("disk.qcow2");
        await Out("disk", "create", disk, "64M");
        await Out("create", "--name", "box", "--memory", "256M", "--disk", disk);
        await Out("start", "box");
        await UntilLogsAsync("box", "~ # ");
        await Out(Encoding.ASCII.GetBytes("dd if=/dev/urandom of=/dev/vda bs=64k count=64; sha256sum /dev/vda > /tmp/sum; (while :; do i=$((i+1)); echo $i > /tmp/next; mv /tmp/next /tmp/count; done) & echo all' 'set\r"), "console", "box");
        await UntilLogsAsync("box", "all set");

        JsonElement[] saved = [.. JsonDocument.Parse(await Out("save", "box", In("box.doppel"), "--format", "json")).RootElement.EnumerateArray()];
        Assert.Equal(["machine", "kernel", "initrd", "state", "ram/0", "disk/0"], saved.Select(o => o.GetProperty("name").GetString()));
        Assert.Contains("running", await Out("ls"), StringComparison.Ordinal);
        Assert.Equal("box\n", await Out("rm", "--force", "box"));
        File.Delete(disk);

        Assert.Equal("box\n", await Out("load", In("box.doppel")));
        Assert.Contains("running", await Out("ls"), StringComparison.Ordinal);
        string said = await Out(Encoding.ASCII.GetBytes("a=$(cat /tmp/count); sleep 0.2; b=$(cat /tmp/count); sha256sum -c /tmp/sum && [ $b -gt $a ] && echo goes' 'on\r"), "console", "box");
        if (!said.Contains("goes on", StringComparison.Ordinal)) await UntilLogsAsync("box", "goes on");
        Assert.Contains("/dev/vda: OK", await Out("logs", "box"), StringComparison.Ordinal);

        // What was kernel and initramfs here is the same there.
        await Out("kill", "box");
        JsonElement[] again = [.. JsonDocument.Parse(await Out("save", "box", In("again.doppel"), "--format", "json")).RootElement.EnumerateArray()];
        foreach (string name in (string[])["kernel", "initrd"]) Assert.Equal(Hash(saved, name), Hash(again, name));
        await Out("save", "box", In("third.doppel"));
        Assert.Equal(await File.ReadAllBytesAsync(In("again.doppel")), await File.ReadAllBytesAsync(In("third.doppel")));
    }

    [Fact]
    public async Task Pipe_passphrase_and_mistakes()
    {
        File.WriteAllBytes(In("loop.bin"), [0x6f, 0, 0, 0]);
        await Out("create", "--name", "one", "--memory", "32M", "--bios", In("loop.bin"));
        await File.WriteAllTextAsync(In("right"), "several words\nand another line");
        await File.WriteAllTextAsync(In("wrong"), "other words\n");

        DoppelResult piped = await RunAsync([], ["save", "one", "-", "--encrypt", "--passphrase-file", In("right")]);
        Assert.Equal((0, ""), (piped.Code, piped.Error));
        Assert.Equal("two\n", await Out(piped.OutBytes, "load", "-", "--name", "two", "--passphrase-file", In("right")));
        await File.WriteAllBytesAsync(In("sealed"), piped.OutBytes);
        await Out("save", "one", In("open"));
        byte[] damaged = await File.ReadAllBytesAsync(In("open"));
        damaged[200] ^= 1;
        await File.WriteAllBytesAsync(In("damaged"), damaged);
        Assert.Contains("\"machine\"", await Out("load", "--check", In("open"), "--format", "json"), StringComparison.Ordinal);

        foreach ((int code, string says, string[] command) in new (int, string, string[])[]
        {
            (9, "damaged at byte", ["load", In("damaged"), "--name", "three"]),
            (9, "damaged at byte", ["load", In("damaged"), "--check"]),
            (9, "no file of doppel save", ["load", In("loop.bin")]),
            (5, "passphrase is wrong", ["load", In("sealed"), "--name", "three", "--passphrase-file", In("wrong")]),
            (2, "no passphrase", ["load", In("sealed"), "--name", "three"]),
            (2, "nothing is to be encrypted", ["save", "one", In("new"), "--passphrase-file", In("right")]),
            (3, "does not exist", ["load", In("nothing")]),
            (3, "there is no machine", ["save", "nobody", In("new")]),
            (4, "is there already", ["save", "one", In("open")]),
            (4, "there is a machine 'one' already", ["load", In("open")]),
        })
        {
            DoppelResult result = await RunAsync([], command);
            Assert.True(code == result.Code, $"{string.Join(' ', command)}: {result.Code}\n{result.Error}");
            Assert.Contains(says, result.Error, StringComparison.Ordinal);
            Assert.Contains("try: ", result.Error, StringComparison.Ordinal);
        }

        Assert.Equal("one\ntwo\n", await Out("ls", "-q"));
        Assert.False(File.Exists(In("new")));
        Assert.Equal(["one", "two"], Directory.GetFileSystemEntries(In("machines")).Select(Path.GetFileName).Order());
    }

    private static string? Hash(JsonElement[] objects, string name) => objects.Single(o => o.GetProperty("name").GetString() == name).GetProperty("sha256").GetString();

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private Task<string> Out(params string[] arguments) => Out([], arguments);

    private async Task<string> Out(byte[] input, params string[] arguments)
    {
        DoppelResult result = await RunAsync(input, arguments);
        Assert.True(result.Code == 0, $"{string.Join(' ', arguments)}: {result.Code}\n{result.Error}");
        return result.Out;
    }

    private async Task<DoppelResult> RunAsync(byte[] input, string[] arguments)
    {
        using var process = new DoppelProcess(new Dictionary<string, string> { ["DOPPEL_STATE"] = _folder.FullName }, arguments);
        await process.Input.WriteAsync(input);
        await process.Input.FlushAsync();
        process.Input.Close();
        return await process.WaitAsync(Limits.Command);
    }

    private async Task UntilLogsAsync(string name, string text)
    {
        using var limit = new CancellationTokenSource(Limits.Command);
        while (!(await Out("logs", name)).Contains(text, StringComparison.Ordinal)) await Task.Delay(100, limit.Token);
    }
}
