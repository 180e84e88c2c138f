using Doppel.Core.DeviceTree;
using Doppel.Core.Vcpu;
using Doppel.Devices.Power;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Power;

public sealed class TestFinisherTests : IMachineControl
{
    private readonly List<string> _calls = [];
    private readonly TestFinisher _finisher;

    public TestFinisherTests() => _finisher = new TestFinisher(this) { Phandle = 6 };

    [Theory]
    [InlineData(0x0000_5555u, 4, "off 0")]
    [InlineData(0x5555u, 2, "off 0")]
    [InlineData(0xabcd_5555u, 4, "off 0")]
    [InlineData(0x0003_3333u, 4, "off 3")]
    [InlineData(0xffff_3333u, 4, "off 65535")]
    [InlineData(0x0000_3333u, 4, "off 1")]
    [InlineData(0x3333u, 2, "off 1")]
    [InlineData(0x0000_7777u, 4, "reset")]
    public void Write_of_a_known_value_acts(uint value, int size, string call)
    {
        _finisher.Write(0, size, value);
        Assert.Equal([call], _calls);
    }

    [Theory]
    [InlineData(0, 4, 0x1234)]
    [InlineData(0, 4, 0)]
    [InlineData(4, 4, 0x5555)]
    [InlineData(0, 1, 0x55)]
    [InlineData(0, 8, 0x5555)]
    public void Write_of_anything_else_does_nothing(ulong offset, int size, ulong value)
    {
        _finisher.Write(offset, size, value);
        Assert.Empty(_calls);
        Assert.Equal(0UL, _finisher.Read(offset, size));
    }

    [Fact]
    public void Random_accesses_never_throw() => DeviceFuzz.Run(_finisher, 10_000);

    [Fact]
    public void Snapshot_keeps_the_contract() => SnapshotContract.Check(() => new TestFinisher(this));

    [Fact]
    public void Nodes_are_those_that_kernels_know()
    {
        var root = new DeviceTreeNode("");
        _finisher.Describe(root.Child("soc"), 0x10_0000, 0);
        _finisher.DescribePower(root);
        DeviceTreeNode test = Assert.Single(root.Children[0].Children);
        Assert.Equal("test@100000", test.Name);
        Assert.Equal("\"sifive,test1\", \"sifive,test0\", \"syscon\"", DeviceTreeProbe.Text(test, "compatible"));
        Assert.Equal("<0x6>", DeviceTreeProbe.Text(test, "phandle"));
        Assert.Equal(["poweroff", "reboot"], root.Children.Skip(1).Select(n => n.Name));
        Assert.Equal(["\"syscon-poweroff\"", "\"syscon-reboot\""], root.Children.Skip(1).Select(n => DeviceTreeProbe.Text(n, "compatible")));
        Assert.Equal(["<0x5555>", "<0x7777>"], root.Children.Skip(1).Select(n => DeviceTreeProbe.Text(n, "value")));
        Assert.All(root.Children.Skip(1), n => Assert.Equal("<0x6>", DeviceTreeProbe.Text(n, "regmap")));
    }

    void IMachineControl.PowerOff(int exitCode) => _calls.Add($"off {exitCode}");

    void IMachineControl.Reset() => _calls.Add("reset");
}
