using Doppel.Core.Clock;
using Doppel.Core.Memory;
using Doppel.Core.Net;
using Doppel.Devices.Virtio.Net;
using Doppel.Machine;
using Doppel.Machine.Boards;
using Doppel.Machine.Lifecycle;
using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.Core.Net;
using Doppel.Tests.Unit.Devices.Virtio;

namespace Doppel.Tests.Unit.Machine;

public sealed class NetworkTests : IDisposable
{
    private const ulong MacRegister = 0x100;
    private readonly Programs _programs = new();

    public void Dispose() => _programs.Dispose();

    [Fact]
    public async Task Adapter_without_an_address_isGivenOne_andKeepsIt()
    {
        await using VirtualMachine vm = _programs.Create(Config());
        string? mac = vm.Config.Networks[0].Mac;
        Assert.True(MacAddress.TryParse(mac, out MacAddress address) && address.IsLocal && address.IsStation);
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        await vm.RestoreAsync(snapshot);
        Assert.Equal(mac, vm.Config.Networks[0].Mac);
        await using VirtualMachine again = VirtualMachine.Create(snapshot);
        Assert.Equal(mac, again.Config.Networks[0].Mac);
    }

    [Fact]
    public async Task Fork_hasAnAddressOfItsOwn()
    {
        await using VirtualMachine vm = _programs.Create(Config() with { Networks = [new NetworkConfig { Mac = "02:00:5e:10:00:01" }] });
        await using VirtualMachine fork = await vm.ForkAsync(name: "fork");
        Assert.Equal("02:00:5e:10:00:01", vm.Config.Networks[0].Mac);
        Assert.NotEqual(vm.Config.Networks[0].Mac, fork.Config.Networks[0].Mac);
    }

    [Fact]
    public async Task Guest_readsTheAddress_ofTheAdapterBehindTheDisks()
    {
        // Console, entropy, adapter: the third slot. The low word of the address goes to memory.
        ulong register = RiscVVirtMap.Virtio(2).Address + MacRegister;
        await using VirtualMachine vm = _programs.Create(_programs.BareMetal($"li t0, 0x{register:x}; lw t1, 0(t0); li t0, 0x{Programs.Counter:x}; sw t1, 0(t0); li t0, 0x100000; li t1, 0x5555; sw t1, 0(t0); loop: j loop")
            with { Networks = [new NetworkConfig { Mac = "02:12:34:56:00:01" }] });
        vm.Start();
        await vm.WaitForExitAsync().WaitAsync(Programs.Patience, TestContext.Current.CancellationToken);
        byte[] bytes = new byte[4];
        Assert.True(vm.TryReadMemory(Programs.Counter, bytes));
        Assert.Equal([0x02, 0x12, 0x34, 0x56], bytes);
    }

    [Fact]
    public void Adapter_isTold_whenTheGuestHasNothingToDo()
    {
        var network = new FakeNetwork();
        using var clock = new RealClock();
        using var memory = new GuestMemory();
        var host = new VmHost { Networks = [network] };
        var board = new RiscVVirt(Config() with { Networks = [new NetworkConfig { Mac = "02:00:5e:10:00:01" }] }, host, clock, memory, new MachineControl());
        board.Plug(host, []);
        for (int i = 0; i < DatagramPace.Burst; i++) Assert.True(network.Adapter.TryTake(TestFrames.Udp(payload: 100), default));
        Assert.True(network.Adapter.IsBehind);

        // The adapter deals with what it was handed by itself, and without a driver throws it away.
        RiscVHart hart = board.Harts[^1];
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                hart.Kick();
                hart.WaitForWork();
                return !network.Adapter.IsBehind;
            },
            Programs.Patience));
        foreach (IDisposable owned in board.Owned) owned.Dispose();
    }

    [Fact]
    public async Task Restore_tellsTheNetwork_thatConnectionsAreOver()
    {
        var network = new FakeNetwork { Connections = [1, 2, 3] };
        await using VirtualMachine vm = VirtualMachine.Create(Config(), new VmHost { Networks = [network] });
        using VmSnapshot snapshot = await vm.SnapshotAsync();
        Assert.Equal(0, network.Ends);
        network.Connections = [4];
        await vm.RestoreAsync(snapshot);
        Assert.Equal(1, network.Ends);

        // Those of the moment to which it goes back.
        Assert.Equal([1, 2, 3], network.Ended);
    }

    [Fact]
    public void Impossible_adapters_areProblems()
    {
        NetworkConfig[] networks = [new() { Mac = "nonsense" }, new() { Mac = "01:00:5e:00:00:01" }, new() { Mac = "02:00:00:00:00:01", Mtu = 67 }, new() { Mac = "02-00-00-00-00-01" }, new(), new(), new()];
        IReadOnlyList<ConfigProblem> problems = VmConfigValidator.Validate(Config() with { Networks = networks, Clock = ClockKind.Virtual });
        Assert.Equal(["networks", "networks", "networks[0].mac", "networks[1].mac", "networks[2].mtu", "networks[3].mac"], problems.Select(p => p.Path));
        Assert.Contains("7 are too many", problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("repeat", problems[1].Message, StringComparison.Ordinal);
    }

    private VmConfig Config() => _programs.BareMetal(Programs.Sleeping) with { Networks = [new NetworkConfig()] };
}
