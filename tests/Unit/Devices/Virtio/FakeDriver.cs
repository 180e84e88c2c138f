using Doppel.Core.Bus;
using Doppel.Core.Interrupts;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Devices.Virtio;
using Doppel.Devices.Virtio.Mmio;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>
/// A guest with one virtio device, driven through its registers and rings in the order in which Linux does it. Knows nothing of the device's insides.
/// </summary>
internal sealed class FakeDriver : IDisposable
{
    public const ulong Slot = 0x1000_1000;
    public const ulong Ram = 0x8000_0000;
    public const ulong RamLength = 16 << 20;
    private readonly SystemBus _bus;
    private ulong _free = Ram;

    public FakeDriver(VirtioDevice device, ITrace? trace = null)
    {
        Memory.AddRegion("ram", Ram, RamLength);
        Mmio = new VirtioMmio(device, Memory, Line, trace ?? NoTrace.Instance, "virtio@10001000");
        _bus = new SystemBus(NoTrace.Instance);
        _bus.Map("virtio", Slot, Mmio);
    }

    public GuestMemory Memory { get; } = new();

    public VirtioMmio Mmio { get; }

    public FakeLine Line { get; } = new();

    public ulong Features { get; private set; }

    public uint Status => Read(MmioRegister.Status);

    public bool NeedsReset => (Status & (uint)VirtioStatus.NeedsReset) != 0;

    public uint Read(ulong register)
    {
        Assert.True(_bus.TryRead(Slot + register, 4, out ulong value));
        Assert.Equal(0, _bus.DeviceFaults.Value);
        return (uint)value;
    }

    public void Write(ulong register, uint value)
    {
        Assert.True(_bus.TryWrite(Slot + register, 4, value));
        Assert.Equal(0, _bus.DeviceFaults.Value);
    }

    public ulong ReadConfig(int offset, int size)
    {
        Assert.True(_bus.TryRead(Slot + MmioRegister.Config + (ulong)offset, size, out ulong value));
        return value;
    }

    public void WriteConfig(int offset, int size, ulong value) =>
        Assert.True(_bus.TryWrite(Slot + MmioRegister.Config + (ulong)offset, size, value));

    public ulong OfferedFeatures()
    {
        Write(MmioRegister.DeviceFeaturesSel, 1);
        ulong features = (ulong)Read(MmioRegister.DeviceFeatures) << 32;
        Write(MmioRegister.DeviceFeaturesSel, 0);
        return features | Read(MmioRegister.DeviceFeatures);
    }

    /// <summary>Section 3.1.1, steps 1 to 6.</summary>
    public void Negotiate(ulong features)
    {
        Assert.Equal(0x74726976u, Read(MmioRegister.MagicValue));
        Assert.Equal(2u, Read(MmioRegister.Version));
        Write(MmioRegister.Status, 0);
        Write(MmioRegister.Status, 1);
        Write(MmioRegister.Status, 1 | 2);
        Features = features & OfferedFeatures();
        Write(MmioRegister.DriverFeaturesSel, 1);
        Write(MmioRegister.DriverFeatures, (uint)(Features >> 32));
        Write(MmioRegister.DriverFeaturesSel, 0);
        Write(MmioRegister.DriverFeatures, (uint)Features);
        Write(MmioRegister.Status, 1 | 2 | 8);
        Assert.Equal(1u | 2 | 8, Status);
    }

    public FakeQueue AddQueue(int index, ushort size = 16)
    {
        Write(MmioRegister.QueueSel, (uint)index);
        Assert.Equal(0u, Read(MmioRegister.QueueReady));
        Assert.InRange(Read(MmioRegister.QueueSizeMax), size, 32768u);
        FakeQueue queue = (Features & VirtioFeature.RingPacked) != 0 ? new PackedFakeQueue(this, index, size) : new SplitFakeQueue(this, index, size);
        SetUp(queue);
        Assert.Equal(1u, Read(MmioRegister.QueueReady));
        return queue;
    }

    /// <summary>Tells the device where a queue is, and enables it.</summary>
    public void SetUp(FakeQueue queue)
    {
        Write(MmioRegister.QueueSel, (uint)queue.Index);
        Write(MmioRegister.QueueSize, queue.Size);
        Write(MmioRegister.QueueDescLow, (uint)queue.DescriptorArea);
        Write(MmioRegister.QueueDescHigh, (uint)(queue.DescriptorArea >> 32));
        Write(MmioRegister.QueueDriverLow, (uint)queue.DriverArea);
        Write(MmioRegister.QueueDriverHigh, (uint)(queue.DriverArea >> 32));
        Write(MmioRegister.QueueDeviceLow, (uint)queue.DeviceArea);
        Write(MmioRegister.QueueDeviceHigh, (uint)(queue.DeviceArea >> 32));
        Write(MmioRegister.QueueReady, 1);
    }

    public void DriverOk() => Write(MmioRegister.Status, Status | 4);

    /// <summary>Negotiates everything offered but what is excluded, and sets up all queues.</summary>
    public FakeQueue[] Start(bool packed, ulong without = 0, ushort size = 16)
    {
        Negotiate(OfferedFeatures() & ~without & ~(packed ? 0 : VirtioFeature.RingPacked));
        var queues = new List<FakeQueue>();
        for (int i = 0; ; i++)
        {
            Write(MmioRegister.QueueSel, (uint)i);
            if (Read(MmioRegister.QueueSizeMax) == 0) break;
            queues.Add(AddQueue(i, size));
        }

        DriverOk();
        return [.. queues];
    }

    /// <summary>The interrupt handler: what happened, acknowledged.</summary>
    public uint TakeInterrupt()
    {
        uint status = Read(MmioRegister.InterruptStatus);
        Write(MmioRegister.InterruptAck, status);
        return status;
    }

    public ulong Allocate(int length, int alignment = 16)
    {
        ulong address = (_free + (ulong)alignment - 1) & ~((ulong)alignment - 1);
        _free = address + (ulong)length;
        Assert.True(_free <= Ram + RamLength, "the fake guest is out of memory");
        return address;
    }

    /// <summary>Forgets all that was allocated.</summary>
    public void FreeAll() => _free = Ram;

    public ulong Place(ReadOnlySpan<byte> bytes)
    {
        ulong address = Allocate(bytes.Length);
        Assert.True(Memory.TryWrite(address, bytes));
        return address;
    }

    public byte[] Bytes(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(Memory.TryRead(address, bytes));
        return bytes;
    }

    public void Dispose()
    {
        Mmio.QuiesceAsync().Wait(TimeSpan.FromSeconds(10));
        Memory.Dispose();
    }
}

/// <summary>An interrupt wire that counts its rising edges.</summary>
internal sealed class FakeLine : IInterruptLine
{
    private volatile bool _level;
    private volatile int _raised;

    public bool Level => _level;

    public int Raised => _raised;

    public void Set(bool level)
    {
        if (level && !_level) _raised++;
        _level = level;
    }
}
