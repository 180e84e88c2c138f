// Virtual I/O Device (VIRTIO) Version 1.2, section 4.2 "Virtio Over MMIO", register layout version 2.
using System.Buffers.Binary;
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;
using Doppel.Core.Trace;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio.Mmio;

/// <summary>A virtio device behind memory-mapped registers and one level-triggered interrupt.</summary>
/// <param name="name">The snapshot's name of this slot, such as <c>virtio@10001000</c>.</param>
public sealed class VirtioMmio(VirtioDevice device, GuestMemory memory, IInterruptLine line, ITrace trace, string name)
    : VirtioTransport(device, name, memory, trace), IBusDevice, IDeviceTreeSource
{
    private const uint UsedBuffer = 1;
    private const uint ConfigurationChange = 2;
    private uint _deviceFeaturesSel;
    private uint _driverFeaturesSel;
    private uint _queueSel;
    private uint _interruptStatus;

    public ulong Length => MmioRegister.SlotLength;

    private VirtioQueue? Selected => _queueSel < (uint)Queues.Count ? Queues[(int)_queueSel] : null;

    public ulong Read(ulong offset, int size)
    {
        if (offset >= MmioRegister.Config) return ReadConfig(offset - MmioRegister.Config, size);
        // Section 4.2.2.2: control registers are accessed by 32 bits only.
        return size == 4 ? ReadRegister(offset) : 0;
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (offset >= MmioRegister.Config) WriteConfig(offset - MmioRegister.Config, size, value);
        else if (size == 4) WriteRegister(offset, (uint)value);
    }

    public void Reset()
    {
        ResetAll();
        _deviceFeaturesSel = _driverFeaturesSel = _queueSel = 0;
        SetInterruptStatus(0);
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) => MmioNode.Add(parent, address, interrupt);

    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("device-features-sel", _deviceFeaturesSel);
        writer.Write("driver-features-sel", _driverFeaturesSel);
        writer.Write("queue-sel", _queueSel);
        writer.Write("interrupt-status", _interruptStatus);
    }

    public override void Load(SnapshotReader reader)
    {
        lock (this)
        {
            Reset();
            base.Load(reader);
            try
            {
                _deviceFeaturesSel = (uint)reader.GetUInt64("device-features-sel", 0, uint.MaxValue);
                _driverFeaturesSel = (uint)reader.GetUInt64("driver-features-sel", 0, uint.MaxValue);
                _queueSel = (uint)reader.GetUInt64("queue-sel", 0, uint.MaxValue);
                SetInterruptStatus((uint)reader.GetUInt64("interrupt-status", 0, UsedBuffer | ConfigurationChange));
            }
            catch (SnapshotException)
            {
                Reset();
                throw;
            }
        }
    }

    internal override void SignalUsed() => SetInterruptStatus(_interruptStatus | UsedBuffer);

    private protected override void SignalConfig() => SetInterruptStatus(_interruptStatus | ConfigurationChange);

    private void SetInterruptStatus(uint value)
    {
        _interruptStatus = value;
        line.Set(value != 0);
    }

    private uint ReadRegister(ulong offset) => offset switch
    {
        MmioRegister.MagicValue => MmioRegister.Magic,
        MmioRegister.Version => MmioRegister.CurrentVersion,
        MmioRegister.DeviceId => Device.DeviceId,
        MmioRegister.VendorId => MmioRegister.Vendor,
        MmioRegister.DeviceFeatures => _deviceFeaturesSel > 1 ? 0 : (uint)(OfferedFeatures >> (int)(_deviceFeaturesSel * 32)),
        MmioRegister.QueueSizeMax => Selected?.MaxSize ?? 0u,
        MmioRegister.QueueReady => Selected is { Ready: true } ? 1u : 0,
        MmioRegister.QueueReset => Selected is { Ready: false, Retired: > 0 } && Has(VirtioFeature.RingReset) ? 1u : 0,
        MmioRegister.InterruptStatus => _interruptStatus,
        MmioRegister.Status => (uint)Status,
        // No shared memory regions: length and base are all ones.
        MmioRegister.ShmLenLow or MmioRegister.ShmLenHigh or MmioRegister.ShmBaseLow or MmioRegister.ShmBaseHigh => uint.MaxValue,
        MmioRegister.ConfigGeneration => ConfigGeneration,
        _ => 0,
    };

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case MmioRegister.DeviceFeaturesSel:
                _deviceFeaturesSel = value;
                break;
            case MmioRegister.DriverFeaturesSel:
                _driverFeaturesSel = value;
                break;
            case MmioRegister.DriverFeatures:
                SetDriverFeatures(_driverFeaturesSel, value);
                break;
            case MmioRegister.QueueSel:
                _queueSel = value;
                break;
            case MmioRegister.QueueNotify:
                if (value < (uint)Queues.Count) Service(Queues[(int)value]);
                break;
            case MmioRegister.InterruptAck:
                SetInterruptStatus(_interruptStatus & ~value);
                break;
            case MmioRegister.Status:
                SetStatus((byte)value);
                if (Status == 0) SetInterruptStatus(0);
                break;
            default:
                if (Selected is { } queue) WriteQueue(queue, offset, value);
                break;
        }
    }

    private void WriteQueue(VirtioQueue queue, ulong offset, uint value)
    {
        if (offset == MmioRegister.QueueReady)
        {
            if ((value & 1) != 0) EnableQueue(queue);
            else queue.Disable();
            return;
        }

        if (offset == MmioRegister.QueueReset)
        {
            if ((value & 1) != 0 && Has(VirtioFeature.RingReset)) queue.Reset();
            return;
        }

        // Section 4.2.2.2: the driver leaves the settings of a ready queue alone.
        if (queue.Ready) return;
        switch (offset)
        {
            case MmioRegister.QueueSize:
                queue.Size = value;
                break;
            case MmioRegister.QueueDescLow:
                queue.DescriptorArea = Low(queue.DescriptorArea, value);
                break;
            case MmioRegister.QueueDescHigh:
                queue.DescriptorArea = High(queue.DescriptorArea, value);
                break;
            case MmioRegister.QueueDriverLow:
                queue.DriverArea = Low(queue.DriverArea, value);
                break;
            case MmioRegister.QueueDriverHigh:
                queue.DriverArea = High(queue.DriverArea, value);
                break;
            case MmioRegister.QueueDeviceLow:
                queue.DeviceArea = Low(queue.DeviceArea, value);
                break;
            case MmioRegister.QueueDeviceHigh:
                queue.DeviceArea = High(queue.DeviceArea, value);
                break;
        }
    }

    private ulong ReadConfig(ulong offset, int size)
    {
        int length = Device.ConfigLength;
        if (offset >= (ulong)length) return 0;
        // Room behind the end, so that an access that crosses it reads zeroes there.
        Span<byte> config = stackalloc byte[length + 8];
        config.Clear();
        Device.ReadConfig(config[..length]);
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(config[(int)offset..]);
        return size == 8 ? value : value & (1UL << (size * 8)) - 1;
    }

    private void WriteConfig(ulong offset, int size, ulong value)
    {
        if (offset + (ulong)size > (ulong)Device.ConfigLength) return;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Device.WriteConfig((int)offset, bytes[..size]);
    }

    private static ulong Low(ulong address, uint value) => address & ~0xffff_ffffUL | value;

    private static ulong High(ulong address, uint value) => address & 0xffff_ffffUL | (ulong)value << 32;
}
