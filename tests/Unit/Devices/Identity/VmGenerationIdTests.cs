using Doppel.Core.Backends;
using Doppel.Core.DeviceTree;
using Doppel.Devices.Identity;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Identity;

public sealed class VmGenerationIdTests
{
    private readonly RecordingLine _line = new();
    private readonly VmGenerationId _device;

    public VmGenerationIdTests() => _device = new VmGenerationId(new Counting(), _line);

    [Fact]
    public void Number_canBeRead_inAnyWidth()
    {
        Assert.Equal((0x0706_0504_0302_0100UL, 0x0f0e_0d0c_0b0a_0908UL), (_device.Read(0, 8), _device.Read(8, 8)));
        Assert.Equal((0x0fUL, 0x0605UL, 0x0f0e_0d0cUL), (_device.Read(15, 1), _device.Read(5, 2), _device.Read(12, 4)));
        Assert.Equal((0x0f0eUL, 0UL, 0UL), (_device.Read(14, 8), _device.Read(16, 8), _device.Read(0xff8, 8)));
    }

    [Fact]
    public void Renewed_number_interrupts_untilItIsLookedAt()
    {
        _device.Renew();
        Assert.True(_line.Level);
        _device.Write(0, 8, 1);
        _ = _device.Read(16, 8);
        Assert.True(_line.Level);

        Assert.Equal(0x10UL, _device.Read(0, 1));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Reset_keepsTheNumber_andWithdrawsTheInterrupt()
    {
        _device.Renew();
        _device.Reset();
        Assert.False(_line.Level);
        Assert.Equal(0x10UL, _device.Read(0, 1));
    }

    [Fact]
    public void State_isSavedAndLoaded() => SnapshotContract.Check(() => new VmGenerationId(new Counting(), new RecordingLine()), device => device.Renew());

    [Fact]
    public void Loaded_device_drivesItsWire()
    {
        _device.Renew();
        var line = new RecordingLine();
        SnapshotContract.Load(new VmGenerationId(new Counting(), line), SnapshotContract.Save(_device));
        Assert.True(line.Level);
    }

    [Fact]
    public void Describes_itself()
    {
        var parent = new DeviceTreeNode("soc");
        _device.Describe(parent, 0x10_2000, 12);
        DeviceTreeNode node = Assert.Single(parent.Children);
        Assert.Equal("rng@102000", node.Name);
        Assert.Equal("\"microsoft,vmgenid\"", DeviceTreeProbe.Text(node, "compatible"));
        Assert.Equal("<0xc>", DeviceTreeProbe.Text(node, "interrupts"));
    }

    /// <summary>0, 1, 2, ….</summary>
    private sealed class Counting : IEntropySource
    {
        private byte _next;

        public void Fill(Span<byte> destination)
        {
            foreach (ref byte value in destination) value = _next++;
        }
    }
}
