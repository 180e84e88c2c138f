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

    private static async Task AssertErrorAsync(int? code, string names, params string[] arguments)
    {
        DoppelResult result = await DoppelProcess.RunAsync(arguments);
        Assert.Empty(result.Out);
        Assert.StartsWith("doppel: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(names, result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\ntry: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", result.Error, StringComparison.Ordinal);
        if (code is { } expected) Assert.Equal(expected, result.Code);
        else Assert.InRange(result.Code, 1, 9);
    }

    private string InFolder(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, byte[] content)
    {
        File.WriteAllBytes(InFolder(name), content);
        return InFolder(name);
    }
}
