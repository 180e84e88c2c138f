// Virtual I/O Device (VIRTIO) Version 1.2, section 2: what is particular to one device type.
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>
/// One type of virtio device. Status, feature negotiation, rings and interrupts belong to the <see cref="VirtioTransport"/>, which calls every
/// member under its lock. A device takes the same lock (by <see cref="VirtioTransport.Enter"/>) when it comes back from the host with a result.
/// </summary>
public abstract class VirtioDevice
{
    private VirtioTransport? _transport;

    private protected VirtioDevice()
    {
    }

    /// <summary>The number of section 5, "Device Types".</summary>
    internal abstract uint DeviceId { get; }

    /// <summary>The device type's own feature bits; the transport adds those of rings and transports.</summary>
    internal abstract ulong Features { get; }

    /// <summary>The largest size of each queue, a power of two; as many as the device has queues.</summary>
    internal abstract IReadOnlyList<ushort> QueueSizes { get; }

    /// <summary>Bytes of device-specific configuration; at most 256.</summary>
    internal virtual int ConfigLength => 0;

    /// <summary>Fills in the whole configuration space; the span comes zeroed.</summary>
    internal virtual void ReadConfig(Span<byte> config)
    {
    }

    /// <summary>The driver writes to the configuration space, within its length.</summary>
    internal virtual void WriteConfig(int offset, ReadOnlySpan<byte> value)
    {
    }

    /// <summary>There may be something to do for this queue. Pop until nothing comes; every chain popped is pushed exactly once, now or later.</summary>
    internal abstract void OnQueue(VirtioQueue queue);

    /// <summary>Back to the state after power-on. I/O under way may finish later; what it pushes then is dropped by the queue.</summary>
    internal abstract void Reset();

    /// <inheritdoc cref="ISnapshotPart.Save"/>
    internal abstract void Save(SnapshotWriter writer);

    /// <inheritdoc cref="ISnapshotPart.Load"/>
    internal abstract void Load(SnapshotReader reader);

    /// <summary>The transport that the device is plugged into.</summary>
    private protected VirtioTransport Transport => _transport ?? throw new InvalidOperationException("The device is not plugged in.");

    /// <summary>Called once, before anything else; from here on the device may listen to its host side.</summary>
    internal virtual void Plug(VirtioTransport transport)
    {
        if (_transport is not null) throw new InvalidOperationException("The device is plugged in already.");
        _transport = transport;
    }
}
