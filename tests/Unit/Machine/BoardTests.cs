using System.Diagnostics;
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Machine;
using Doppel.Machine.Boards;
using Doppel.Machine.Lifecycle;

namespace Doppel.Tests.Unit.Machine;

public sealed class BoardTests : IDisposable
{
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    [Fact]
    public async Task DeviceTree_describesWhatTheBusHas()
    {
        VmConfig config = Config with { Cpus = 3, Disks = [new DiskConfig(_programs.File("disk", new byte[4096]))] };
        await using VirtualMachine vm = _programs.Create(config);
        using var clock = new RealClock();
        using var memory = new GuestMemory();
        var board = new RiscVVirt(config with { Disks = [] }, new VmHost(), clock, memory, new MachineControl());
        board.Plug(new VmHost(), []);
        SystemBus bus = board.Bus;
        var tree = new FlatTree(vm.DeviceTree.Span);

        var described = tree.Paths.Where(p => p.StartsWith("/soc/", StringComparison.Ordinal)).Select(p => (Place: tree.Cells64(p, "reg"), Path: p)).ToDictionary(d => d.Place[0], d => (Length: d.Place[1], d.Path));
        Assert.Equal(bus.Devices.Select(d => d.Address).Order(), described.Keys.Order());
        Assert.All(bus.Devices, d => Assert.Equal(d.Device.Length, described[d.Address].Length));
        Assert.All(described, d => Assert.EndsWith($"@{d.Key:x}", d.Value.Path));
    }

    [Theory]
    [InlineData("/soc/test@100000", 0x10_0000UL, 0x1000UL, 0)]
    [InlineData("/soc/rtc@101000", 0x10_1000UL, 0x1000UL, 11)]
    [InlineData("/soc/clint@2000000", 0x200_0000UL, 0x1_0000UL, 0)]
    [InlineData("/soc/plic@c000000", 0xc00_0000UL, 0x60_0000UL, 0)]
    [InlineData("/soc/serial@10000000", 0x1000_0000UL, 0x100UL, 10)]
    [InlineData("/soc/virtio_mmio@10001000", 0x1000_1000UL, 0x1000UL, 1)]
    [InlineData("/soc/virtio_mmio@10008000", 0x1000_8000UL, 0x1000UL, 8)]
    [InlineData("/memory@80000000", 0x8000_0000UL, 32UL << 20, 0)]
    public async Task MemoryMap_isThatOfQemuVirt(string path, ulong address, ulong length, uint interrupt)
    {
        await using VirtualMachine vm = _programs.Create(Config);
        var tree = new FlatTree(vm.DeviceTree.Span);

        Assert.Equal([address, length], tree.Cells64(path, "reg"));
        Assert.Equal(interrupt != 0, tree.Has(path, "interrupts"));
        if (interrupt != 0) Assert.Equal([interrupt], tree.Cells(path, "interrupts"));
    }

    [Fact]
    public void MemoryMap_hasNoOverlaps()
    {
        var places = typeof(RiscVVirtMap).GetFields().Where(f => f.FieldType == typeof(MapEntry)).Select(f => (MapEntry)f.GetValue(null)!)
            .Concat(Enumerable.Range(1, RiscVVirtMap.VirtioSlots - 1).Select(RiscVVirtMap.Virtio)).OrderBy(e => e.Address).ToList();

        Assert.All(places.Zip(places.Skip(1)), pair => Assert.True(pair.First.Address + pair.First.Length <= pair.Second.Address));
    }

    [Fact]
    public async Task Handles_pointToWhatTheyMean()
    {
        await using VirtualMachine vm = _programs.Create(Config with { Cpus = 2 });
        var tree = new FlatTree(vm.DeviceTree.Span);
        uint cpu1 = tree.Cells("/cpus/cpu@1", "phandle")[0];
        uint intc0 = tree.Cells("/cpus/cpu@0/interrupt-controller", "phandle")[0];
        uint intc1 = tree.Cells("/cpus/cpu@1/interrupt-controller", "phandle")[0];

        Assert.Equal([cpu1], tree.Cells("/cpus/cpu-map/cluster0/core1", "cpu"));
        Assert.Equal([intc0, 11, intc0, 9, intc1, 11, intc1, 9], tree.Cells("/soc/plic@c000000", "interrupts-extended"));
        Assert.Equal([intc0, 3, intc0, 7, intc1, 3, intc1, 7], tree.Cells("/soc/clint@2000000", "interrupts-extended"));
        Assert.Equal(tree.Cells("/soc/plic@c000000", "phandle"), tree.Cells("/soc", "interrupt-parent"));
        Assert.Equal(tree.Cells("/soc/test@100000", "phandle"), tree.Cells("/poweroff", "regmap"));
        Assert.Equal(tree.Cells("/soc/test@100000", "phandle"), tree.Cells("/reboot", "regmap"));
        string[] all = [.. tree.Paths.Where(p => tree.Has(p, "phandle"))];
        Assert.Equal(all.Length, all.Select(p => tree.Cells(p, "phandle")[0]).Distinct().Count());
    }

    [Theory]
    [InlineData(PagingMode.Sv39, "riscv,sv39")]
    [InlineData(PagingMode.Sv48, "riscv,sv48")]
    [InlineData(PagingMode.Sv57, "riscv,sv57")]
    public async Task Cpus_sayWhatTheyCan(PagingMode paging, string type)
    {
        await using VirtualMachine vm = _programs.Create(Config with { Cpu = new CpuConfig { Paging = paging } });
        var tree = new FlatTree(vm.DeviceTree.Span);

        Assert.Equal([type], tree.Strings("/cpus/cpu@0", "mmu-type"));
        Assert.Equal(["rv64i"], tree.Strings("/cpus/cpu@0", "riscv,isa-base"));
        Assert.Superset(new HashSet<string> { "i", "m", "a", "f", "d", "c", "zicsr", "zifencei", "sstc", "zicbom" }, tree.Strings("/cpus/cpu@0", "riscv,isa-extensions").ToHashSet());
        Assert.StartsWith("rv64imafdc_", tree.Strings("/cpus/cpu@0", "riscv,isa")[0]);
        Assert.Equal([10_000_000], tree.Cells("/cpus", "timebase-frequency"));
        Assert.Equal([64], tree.Cells("/cpus/cpu@0", "riscv,cbom-block-size"));
    }

    [Fact]
    public async Task Chosen_namesWhatToBoot()
    {
        byte[] initrd = [1, 2, 3, 4, 5];
        VmConfig config = Kernel with
        {
            Append = "console=ttyS0 quiet",
            Initrd = _programs.File("initrd", initrd),
            InitrdExtras = [new byte[] { 9, 9 }],
            DeviceTreeChanges = ["/chosen:stdout-path=delete", "/chosen:extra=<1>"],
        };
        await using VirtualMachine vm = _programs.Create(config);
        var tree = new FlatTree(vm.DeviceTree.Span);

        Assert.Equal(["console=ttyS0 quiet"], tree.Strings("/chosen", "bootargs"));
        ulong start = tree.Cells64("/chosen", "linux,initrd-start")[0];
        byte[] loaded = new byte[tree.Cells64("/chosen", "linux,initrd-end")[0] - start];
        Assert.True(vm.TryReadMemory(start, loaded));
        Assert.Equal([1, 2, 3, 4, 5, 0, 0, 0, 9, 9, 0, 0], loaded);
        Assert.False(tree.Has("/chosen", "stdout-path"));
        Assert.Equal([1], tree.Cells("/chosen", "extra"));
    }

    [Fact]
    public async Task RandomSeed_isNewAtEachBoot()
    {
        await using VirtualMachine vm = _programs.Create(Kernel);
        byte[] first = new FlatTree(vm.DeviceTree.Span).Bytes("/chosen", "rng-seed");
        vm.Start();
        await vm.ResetAsync();
        byte[] second = new FlatTree(vm.DeviceTree.Span).Bytes("/chosen", "rng-seed");

        Assert.Equal(32, first.Length);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Kernel_startsInSupervisorMode_withItsDeviceTree()
    {
        await using VirtualMachine vm = _programs.Create(Kernel with { Cpus = 2 });

        Assert.Equal((0x8020_0000UL, 1UL, 0UL), (vm.Vcpus[0].ReadRegister(64), vm.Vcpus[0].ReadRegister(65), vm.Vcpus[0].ReadRegister(10)));
        byte[] blob = new byte[vm.DeviceTree.Length];
        Assert.True(vm.TryReadMemory(vm.Vcpus[0].ReadRegister(11), blob));
        Assert.Equal(vm.DeviceTree.ToArray(), blob);
        Assert.Equal(0UL, vm.Vcpus[0].ReadRegister(11) % (2 << 20));
    }

    [Fact]
    public async Task Firmware_startsInMachineMode_withTheKernelsAddress()
    {
        await using VirtualMachine vm = _programs.Create(Kernel with { Bios = _programs.File("fw", [0x6f, 0, 0, 0]), Cpus = 2 });

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal((Programs.Ram, 3UL, (ulong)i), (vm.Vcpus[i].ReadRegister(64), vm.Vcpus[i].ReadRegister(65), vm.Vcpus[i].ReadRegister(10)));
            byte[] info = new byte[48];
            Assert.True(vm.TryReadMemory(vm.Vcpus[i].ReadRegister(12), info));
            Assert.Equal([0x4942534fUL, 2, 0x8020_0000, 1, 0, 0], info.Chunk(8).Select(f => BitConverter.ToUInt64(f)));
        }
    }

    [Fact]
    public async Task DeviceTree_satisfiesTheCompiler()
    {
        await using VirtualMachine vm = _programs.Create(Kernel with { Cpus = 4 });
        string file = _programs.File("board.dtb", vm.DeviceTree.ToArray());
        Process? dtc;
        try
        {
            dtc = Process.Start(new ProcessStartInfo("dtc", ["-I", "dtb", "-O", "dts", "-o", "/dev/null", file]) { RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs dtc (package device-tree-compiler)");
            return;
        }

        string warnings = await dtc!.StandardError.ReadToEndAsync();
        await dtc.WaitForExitAsync();
        Assert.Equal("", warnings);
        Assert.Equal(0, dtc.ExitCode);
    }

    private VmConfig Config => _programs.BareMetal(Programs.Sleeping);

    private VmConfig Kernel => _programs.Kernel("loop: wfi; j loop");
}
