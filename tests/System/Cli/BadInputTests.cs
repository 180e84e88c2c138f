using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Doppel.Tests.System.Cli;

/// <summary>What users get wrong: one clear error, its exit code, no stack trace, nothing left behind. Boots nothing.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("doppel-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public Task Kernel_that_there_is_not_is_not_found() => AssertErrorAsync(3, "missing", "run", "--kernel", InFolder("missing"));

    [Fact]
    public Task Kernel_that_is_a_folder_is_refused() => AssertErrorAsync(2, _folder.FullName, "run", "--kernel", _folder.FullName);

    [Fact]
    public Task Kernel_that_is_empty_is_refused() => AssertErrorAsync(null, "empty", "run", "--kernel", Write("empty", []));

    [Fact]
    public Task Kernel_that_is_truncated_is_refused() => AssertErrorAsync(null, "short", "run", "--kernel", Write("short", "\u007fELF\u0002\u0001\u0001"u8.ToArray()));

    [Fact]
    public Task Kernel_that_is_text_is_refused() => AssertErrorAsync(null, "text", "run", "--kernel", Write("text", [.. Enumerable.Repeat((byte)'a', 5000)]));

    [Fact]
    public Task Kernel_for_another_instruction_set_is_named_as_such() => AssertErrorAsync(null, "x86", "run", "--kernel", Environment.ProcessPath!);

    [Fact]
    public Task Firmware_for_another_instruction_set_is_named_as_such() => AssertErrorAsync(null, "x86", "run", "--bios", Environment.ProcessPath!);

    [Theory]
    [InlineData("1M")]
    [InlineData("64M")]
    [InlineData("0")]
    [InlineData("1000T")]
    public Task Memory_of_an_impossible_size_is_refused(string memory) => AssertErrorAsync(null, "memory", "run", "--memory", memory, "--", "true");

    [Theory]
    [InlineData("nonsense")]
    [InlineData("/chosen:x=<zz>")]
    [InlineData("/chosen:x=\"open")]
    public Task Device_tree_change_that_is_malformed_is_refused(string change) => AssertErrorAsync(2, "deviceTree[0]", "run", "--dt", change, "--", "true");

    [Fact]
    public Task Disk_that_there_is_not_is_not_found() => AssertErrorAsync(3, "disks[0]", "run", "--disk", InFolder("missing.img"), "--", "true");

    [Fact]
    public Task Disk_that_is_a_folder_is_refused() => AssertErrorAsync(2, "disks[0]", "run", "--disk", _folder.FullName, "--", "true");

    [Fact]
    public Task Engine_that_cannot_run_the_machine_is_refused() => AssertErrorAsync(2, "engine", "run", "--engine", "kvm", "--", "true");

    [Fact]
    public Task Image_that_there_is_not_is_not_found() => AssertErrorAsync(3, "nope", "run", "nope");

    [Fact]
    public Task Unknown_flag_suggests_the_known_one() => AssertErrorAsync(2, "--memry", "run", "--memry", "1G");

    [Fact]
    public Task Trace_file_that_cannot_be_written_is_refused() => AssertErrorAsync(3, "--trace", "run", "--trace", "irq:" + InFolder("no/such/folder"), "--", "true");

    [Theory]
    [InlineData("user,net=10.0.0.0/33")]
    [InlineData("user,net=300.0.0.0/8")]
    [InlineData("user,net=10.0.0.0/31")]
    [InlineData("user,deny=10.0.0.0/40")]
    [InlineData("user,allow=192.0.2.1:99999")]
    public Task Network_that_makes_no_sense_is_refused(string network) => AssertErrorAsync(2, "networks[0].user", "run", "--kernel", Write("kernel", Kernel()), "--net", network);

    [Fact]
    public Task Network_that_there_is_not_is_not_found() => AssertErrorAsync(3, "nowhere", "run", "--kernel", Write("kernel", Kernel()), "--net", "nowhere");

    [Fact]
    public async Task Port_that_is_in_use_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await AssertErrorAsync(4, $"port {port}/tcp", "run", "--kernel", Write("kernel", Kernel()), "-p", $"{port}:80");
    }

    [Fact]
    public Task Address_that_the_host_does_not_have_is_refused() => AssertErrorAsync(2, "192.0.2.1", "run", "--kernel", Write("kernel", Kernel()), "-p", "192.0.2.1:0:80");

    [Fact]
    public async Task Tap_interface_without_the_right_to_it_is_denied()
    {
        string[] run = ["run", "--kernel", Write("kernel", Kernel()), "--net", "tap:doppeltest0"];
        // Root keeps its files, but none of its capabilities.
        var start = Environment.IsPrivilegedProcess ? new ProcessStartInfo("setpriv", ["--bounding-set=-all", "--inh-caps=-all", DoppelProcess.Executable, .. run]) : new ProcessStartInfo(DoppelProcess.Executable, run);
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        AssertError(5, "doppeltest0", new DoppelResult(process.ExitCode, [], error, default));
    }

    private static async Task AssertErrorAsync(int? code, string names, params string[] arguments) => AssertError(code, names, await DoppelProcess.RunAsync(arguments));

    private static void AssertError(int? code, string names, DoppelResult result)
    {
        Assert.Empty(result.Out);
        Assert.StartsWith("doppel: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(names, result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\ntry: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
        if (code is { } expected) Assert.Equal(expected, result.Code);
        else Assert.InRange(result.Code, 1, 9);
    }

    /// <summary>The least that is taken for a kernel: the header of a flat image. What is in it does not matter where nothing boots.</summary>
    private static byte[] Kernel()
    {
        byte[] kernel = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(kernel.AsSpan(8), 0x20_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(kernel.AsSpan(16), (ulong)kernel.Length);
        "RISCV"u8.CopyTo(kernel.AsSpan(48));
        "RSC\u0005"u8.CopyTo(kernel.AsSpan(56));
        return kernel;
    }

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, byte[] content)
    {
        File.WriteAllBytes(InFolder(name), content);
        return InFolder(name);
    }
}
