using System.Diagnostics;
using Doppel.Core.Errors;
using Doppel.Machine;

namespace Doppel.Tests.Unit.Machine;

public sealed class VmConfigValidatorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private VmConfig Good => new() { Kernel = _folder.File("Image", TestImages.Kernel()), MemoryBytes = 64 << 20 };

    [Fact]
    public void Valid_configuration_hasNoProblems() => Assert.Empty(VmConfigValidator.Validate(Good));

    [Fact]
    public void Create_reportsAllProblemsAtOnce()
    {
        VmConfig config = Good with
        {
            Cpus = 9,
            MemoryBytes = 1000,
            Engine = EngineKind.Kvm,
            DeviceTreeChanges = ["/chosen:a", "nonsense"],
            Disks = [new DiskConfig("/nowhere/at.all")],
            Ports = ["a", "a", "b c"],
        };

        var error = Assert.Throws<DoppelException>(() => VirtualMachine.Create(config));

        Assert.Equal(ErrorKind.Usage, error.Kind);
        string[] lines = error.Message.Split('\n');
        Assert.Equal(["cpus", "memory", "engine", "ports[1]", "ports[2]", "deviceTree[1]", "disks[0].path"], lines.Select(l => l.Split(':')[0]));
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public void CodeCache_hasLimits()
    {
        AssertProblem(Good with { CodeCacheBytes = (2 << 20) - 1 }, "codeCache", "too little");
        AssertProblem(Good with { CodeCacheBytes = (1 << 30) + 1 }, "codeCache", "jumps");
        AssertProblem(Good with { CodeCacheBytes = 32 << 20, Engine = EngineKind.Interpreter }, "codeCache", "interpreter");
        Assert.Empty(VmConfigValidator.Validate(Good with { CodeCacheBytes = 32 << 20 }));
    }

    [Fact]
    public void Seed_and_startTime_needTheVirtualClock()
    {
        VmConfig config = Good with { Seed = 1, StartTime = DateTimeOffset.UnixEpoch };
        Assert.Equal(["seed", "startTime"], VmConfigValidator.Validate(config).Select(p => p.Path));
        Assert.Empty(VmConfigValidator.Validate(config with { Clock = ClockKind.Virtual }));
        AssertProblem(config with { Clock = ClockKind.Virtual, StartTime = DateTimeOffset.UnixEpoch.AddTicks(-1) }, "startTime", "1970");
    }

    [Fact]
    public void Nothing_toBoot_isAProblem() => AssertProblem(new VmConfig(), "kernel", "nothing to boot");

    [Fact]
    public void Missing_kernel_isNotFound() => AssertProblem(Good with { Kernel = "/nowhere/Image" }, "kernel", "does not exist", ErrorKind.NotFound);

    [Fact]
    public void Directory_asKernel_isNamed() => AssertProblem(Good with { Kernel = _folder.Path }, "kernel", "directory");

    [Fact]
    public void Damaged_kernel_isCorrupt() => AssertProblem(Good with { Kernel = _folder.File("bad", new byte[10]) }, "kernel", "truncated", ErrorKind.Corrupt);

    [Fact]
    public void Kernel_asBios_isNamed() => AssertProblem(new VmConfig { Bios = _folder.File("Image", TestImages.Kernel()) }, "bios", "Linux kernel", ErrorKind.Corrupt);

    [Theory]
    [InlineData(EngineKind.Kvm)]
    public void Engine_thatCannotRunIt_isNamed(EngineKind engine) => AssertProblem(Good with { Engine = engine }, "engine", engine.ToString().ToLowerInvariant());

    [Theory]
    [InlineData(31UL << 20, ErrorKind.Usage)]
    [InlineData(65UL << 30, ErrorKind.Usage)]
    [InlineData((64UL << 20) + 1, ErrorKind.Usage)]
    public void Impossible_memory_isNamed(ulong bytes, ErrorKind kind) => AssertProblem(Good with { MemoryBytes = bytes }, "memory", "", kind);

    [Fact]
    public void Memory_tooSmallForTheKernel_saysHowMuchIsNeeded()
    {
        VmConfig config = Good with { Kernel = _folder.File("big", TestImages.Kernel(imageSize: 40 << 20)), MemoryBytes = 40 << 20 };

        ConfigProblem problem = AssertProblem(config, "memory", "too little for the kernel", ErrorKind.InsufficientResources);
        Assert.Equal("use at least 46M", problem.Hint);
        Assert.Empty(VmConfigValidator.Validate(config with { MemoryBytes = 46 << 20 }));
    }

    [Fact]
    public void Memory_tooSmallForTheInitrd_saysHowMuchIsNeeded()
    {
        VmConfig config = Good with { Initrd = _folder.File("initrd", new byte[40 << 20]), MemoryBytes = 40 << 20 };

        AssertProblem(config, "memory", "an initrd of 40 MiB", ErrorKind.InsufficientResources);
        Assert.Empty(VmConfigValidator.Validate(config with { MemoryBytes = 48 << 20 }));
    }

    [Fact]
    public void Settings_forAKernelThatIsNotThere_areProblems()
    {
        VmConfig config = new() { Bios = _folder.File("bios", [0x13, 0, 0, 0]), Append = "quiet", Initrd = _folder.File("initrd", [1]) };

        Assert.Equal(["append", "initrd"], VmConfigValidator.Validate(config).Select(p => p.Path));
    }

    [Fact]
    public void Program_whereNoRamIs_isNamed() =>
        AssertProblem(new VmConfig { Bios = _folder.File("elf", TestImages.Elf(0x1000, [0x13])) }, "bios", "where no RAM is");

    [Fact]
    public void Firmware_thatOverlapsTheKernel_isNamed() =>
        AssertProblem(Good with { Bios = _folder.File("bios", new byte[0x20_0001]) }, "bios", "overlaps the kernel");

    [Fact]
    public void CommandLine_thatLinuxWouldCut_isNamed()
    {
        AssertProblem(Good with { Append = new string('x', 1024) }, "append", "too long");
        AssertProblem(Good with { Append = "a\nb" }, "append", "control characters");
    }

    [Fact]
    public void Disks_beyondTheSlots_areNamed()
    {
        string disk = _folder.File("disk", new byte[512]);
        VmConfig config = Good with { Disks = [.. Enumerable.Repeat(new DiskConfig(disk), 7)] };

        AssertProblem(config, "disks", "use at most 6");
        Assert.Empty(VmConfigValidator.Validate(config with { VirtioConsole = false }));
    }

    [Fact]
    public void Disk_thatIsADirectory_isNamed() => AssertProblem(Good with { Disks = [new DiskConfig(_folder.Path)] }, "disks[0].path", "directory");

    [Fact]
    public void Disk_thatIsAPipe_isNamed_insteadOfWaitedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs mkfifo");
        string pipe = Path.Combine(_folder.Path, "pipe");
        using (var made = Process.Start("mkfifo", [pipe])) made.WaitForExit();

        AssertProblem(Good with { Disks = [new DiskConfig(pipe) { ReadOnly = true }] }, "disks[0].path", "pipe");
    }

    private static ConfigProblem AssertProblem(VmConfig config, string path, string text, ErrorKind kind = ErrorKind.Usage)
    {
        ConfigProblem problem = Assert.Single(VmConfigValidator.Validate(config));
        Assert.Equal(path, problem.Path);
        Assert.Contains(text, $"{problem.Message} ({problem.Hint})");
        Assert.Equal(kind, problem.Kind);
        Assert.NotEmpty(problem.Hint);
        return problem;
    }
}
