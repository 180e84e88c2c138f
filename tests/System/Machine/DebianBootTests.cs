using System.Diagnostics;
using Doppel.Machine;

namespace Doppel.Tests.System.Machine;

/// <summary>Debian's kernel on every kind of machine that is offered, to a shell and to power-off.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class DebianBootTests
{
    private const string OpenSbi = "/usr/lib/riscv64-linux-gnu/opensbi/generic/";

    [Theory]
    [InlineData(1, 512UL, PagingMode.Sv57)]
    [InlineData(2, 512UL, PagingMode.Sv48)]
    [InlineData(4, 512UL, PagingMode.Sv39)]
    [InlineData(1, 8192UL, PagingMode.Sv39)]
    [InlineData(2, 128UL, PagingMode.Sv57)]
    public async Task Debian_underTheMachinesOwnSbi_bootsWithoutWarnings(int cpus, ulong megabytes, PagingMode paging)
    {
        VmConfig config = await DebianGuest.ConfigAsync() with { Cpus = cpus, MemoryBytes = megabytes << 20, Cpu = new CpuConfig { Paging = paging } };

        await CheckAsync(config);
    }

    [Theory]
    [InlineData("fw_jump.bin", 1, PagingMode.Sv57)]
    [InlineData("fw_dynamic.bin", 4, PagingMode.Sv39)]
    public async Task Debian_underOpenSbi_bootsWithoutWarnings(string firmware, int cpus, PagingMode paging)
    {
        if (!File.Exists(OpenSbi + firmware)) Assert.Skip("needs OpenSBI (package opensbi)");
        VmConfig config = await DebianGuest.ConfigAsync() with { Bios = OpenSbi + firmware, Cpus = cpus, Cpu = new CpuConfig { Paging = paging } };

        await CheckAsync(config);
    }

    [Fact]
    public async Task Idle_guest_usesNoProcessor()
    {
        await using DebianGuest guest = await DebianGuest.BootAsync(await DebianGuest.ConfigAsync() with { Cpus = 2 });
        // Deferred work of the boot first comes to rest.
        await Task.Delay(TimeSpan.FromSeconds(5));

        // A host whose caches others use as well makes each waking up dearer, now and then by half: what the guest takes by itself is what a quiet period shows.
        var periods = new List<string>();
        double share;
        do
        {
            ulong retired = Retired(guest);
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            await Task.Delay(TimeSpan.FromSeconds(5));
            share = (Process.GetCurrentProcess().TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start);
            periods.Add($"{share:P2} of a core for {Retired(guest) - retired} instructions");
        }
        while (share >= 0.02 && periods.Count < 12);

        Assert.True(share < 0.02, $"an idle guest used, in periods of five seconds: {string.Join(", ", periods)}");
    }

    [Fact]
    public async Task Reboot_byTheGuest_bootsAgain()
    {
        await using DebianGuest guest = await DebianGuest.BootAsync(await DebianGuest.ConfigAsync() with { Cpus = 2 });
        await guest.RunAsync("touch /tmp/mark");
        await guest.RebootAsync();

        Assert.Equal("gone\n", await guest.RunAsync("test -e /tmp/mark || echo gone"));
        Assert.Equal(0, (await guest.PowerOffAsync()).ExitCode);
    }

    [Fact]
    public async Task Snapshot_ofDebian_goesOnInAnotherMachine()
    {
        VmConfig config = await DebianGuest.ConfigAsync() with { Cpus = 2, MemoryBytes = 256 << 20 };
        VmSnapshot snapshot;
        await using (DebianGuest first = await DebianGuest.BootAsync(config))
        {
            await first.RunAsync("echo kept > /tmp/mark");
            snapshot = await first.Machine.SnapshotAsync();
        }

        using VmSnapshot kept = snapshot;
        await using DebianGuest second = await DebianGuest.LoadAsync(snapshot);
        Assert.Equal("kept\n", await second.RunAsync("cat /tmp/mark"));
        Assert.Contains("crng reseeded due to virtual machine fork", await second.RunAsync("dmesg"));
        Assert.Equal(0, (await second.PowerOffAsync()).ExitCode);
    }

    private static async Task CheckAsync(VmConfig config)
    {
        await using DebianGuest guest = await DebianGuest.BootAsync(config);

        Assert.Matches(@"^Linux \S+ 6\.\d+\.\d+\S*-riscv64 .* riscv64", await guest.RunAsync("uname -a"));
        Assert.Equal($"{config.Cpus}\n", await guest.RunAsync("nproc"));
        Assert.Equal(config.Cpus, (await guest.RunAsync("cat /proc/cpuinfo")).Split($"mmu\t\t: {config.Cpu.Paging.ToString().ToLowerInvariant()}\n").Length - 1);
        Assert.Contains("riscv-timer", await guest.RunAsync("cat /proc/interrupts"));

        // Counters that overflow: the kernel has found their interrupt, and ten of them through the firmware.
        Assert.Contains("riscv-pmu", await guest.RunAsync("cat /proc/interrupts"));
        Assert.Contains("firmware and 10 hardware counters", await guest.RunAsync("dmesg"));

        // Drivers that nobody waits for are loaded in the background; one that is cut off by the end says so.
        await guest.RunAsync("while pidof modprobe > /dev/null; do sleep 0.1; done");
        Assert.Equal(new VmExit(VmExitReason.PowerOff, 0), await guest.PowerOffAsync());

        // Under QEMU 7.2 to 11 this kernel has no warnings either but for its PCI bridge. That an interrupt took long says that
        // the host was busy; the word of farewell has the highest level.
        IEnumerable<string> warnings = guest.Serial.Output.Split('\n').Where(line => line.StartsWith("[ ", StringComparison.Ordinal) && !line.Contains("hrtimer: interrupt took") && !line.Contains("reboot: "));
        Assert.Empty(warnings);
        Assert.Equal((0, 0), (guest.Machine.DeviceFaults, guest.Machine.UnmappedAccesses));
    }

    private static ulong Retired(DebianGuest guest) => guest.Machine.Vcpus.Aggregate(0UL, (sum, vcpu) => sum + vcpu.InstructionsRetired);
}
