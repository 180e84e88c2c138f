// Virtual I/O Device (VIRTIO) Version 1.2, section 2.6 "Virtqueues".
using System.Diagnostics.CodeAnalysis;
using Doppel.Core.Memory;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio.Queue;

/// <summary>
/// One virtqueue as its device sees it, over whatever ring the driver chose. Outlives resets of the ring. Only under the transport's lock.
/// </summary>
internal sealed class VirtioQueue
{
    private readonly VirtioTransport _transport;
    private readonly GuestMemory _memory;
    private Ring? _ring;
    private int _budget;
    private uint _progress;

    public VirtioQueue(VirtioTransport transport, GuestMemory memory, int index, ushort maxSize)
    {
        _transport = transport;
        _memory = memory;
        Index = index;
        MaxSize = maxSize;
        Reset();
    }

    public int Index { get; }

    public ushort MaxSize { get; }

    // What the driver sets while the queue is not ready.
    public uint Size { get; set; }

    public ulong DescriptorArea { get; set; }

    public ulong DriverArea { get; set; }

    public ulong DeviceArea { get; set; }

    public bool Ready => _ring is not null;

    /// <summary>Chains of rings that are gone, still with the device.</summary>
    public int Retired { get; private set; }

    /// <summary>Chains with the device, retired ones included.</summary>
    public int InFlight => Retired + (_ring?.Outstanding ?? 0);

    /// <summary>Enables the queue with the settings made before.</summary>
    /// <returns>What is wrong with them, or null.</returns>
    public string? Enable(ulong features)
    {
        if (Size == 0 || Size > MaxSize) return $"queue {Index}: size {Size}, at most {MaxSize} are possible";
        _ring = Ring.Create(new RingLayout((ushort)Size, DescriptorArea, DriverArea, DeviceArea), _memory, features, out string? error);
        return error is null ? null : $"queue {Index}: {error}";
    }

    /// <summary>Forgets the ring. Chains that are with the device become stale.</summary>
    public void Disable()
    {
        Retired += _ring?.Outstanding ?? 0;
        _ring = null;
        _progress = 0;
    }

    /// <summary>Disables the queue and forgets the driver's settings.</summary>
    public void Reset()
    {
        Disable();
        Size = MaxSize;
        DescriptorArea = DriverArea = DeviceArea = 0;
    }

    /// <summary>
    /// Begins a turn of the device. A turn is bounded, because another processor could add buffers as fast as this one takes them.
    /// </summary>
    public void BeginTurn() => _budget = 2 * MaxSize;

    /// <summary>Takes the next buffer. None comes while the machine is paused, or while I/O from before a reset is still under way.</summary>
    public bool TryPop([NotNullWhen(true)] out DescriptorChain? chain)
    {
        chain = null;
        if (_ring is null || Retired > 0 || !_transport.MayPop) return false;
        if (_budget == 0)
        {
            _transport.ServiceLater(this);
            return false;
        }

        var next = new DescriptorChain(_ring, _memory);
        switch (_ring.Pop(next))
        {
            case PopResult.Popped:
                _budget--;
                _ring.Outstanding++;
                next.Progress = _progress;
                _progress = 0;
                chain = next;
                _transport.TraceQueue(this, "pop", next, 0);
                return true;
            case PopResult.Malformed:
                _transport.Fail($"queue {Index}: {_ring.Error}");
                return false;
            default:
                return false;
        }
    }

    /// <summary>Whether the ring that the chain came from is gone. A stale chain's memory must not be touched any more.</summary>
    public bool IsStale(DescriptorChain chain) => chain.Ring != _ring || !_transport.Live;

    /// <summary>Gives a chain back to the driver, and interrupts it if it wants that. A stale chain is dropped.</summary>
    /// <param name="used">Bytes written, from the first writable byte on.</param>
    public void Push(DescriptorChain chain, uint used) => Push([new UsedChain(chain, used)]);

    /// <summary>As the other one, of chains that were popped from the same ring: the driver sees none of them before it can see all.</summary>
    public void Push(ReadOnlySpan<UsedChain> all)
    {
        foreach ((DescriptorChain chain, _) in all)
        {
            if (chain.Done) throw new InvalidOperationException("The chain was pushed before.");
            chain.Done = true;
        }

        if (all[0].Chain.Ring != _ring)
        {
            Retired -= all.Length;
            if (Retired == 0) _transport.ServiceLater(this);
        }
        else
        {
            _ring.Outstanding -= all.Length;
            if (_transport.Live)
            {
                foreach ((DescriptorChain chain, uint used) in all) _transport.TraceQueue(this, "push", chain, used);
                if (_ring.Push(all)) _transport.SignalUsed();
            }
        }

        _transport.ChainReturned();
    }

    /// <summary>
    /// Puts the chain that was popped last back, with its progress: it is what comes next, in a later turn. Several go back in the reverse order. So that a long request neither holds the lock for long
    /// nor is under way while the machine stops. Nobody is told: who calls this sees to it that the queue is looked at again.
    /// </summary>
    public void PutBack(DescriptorChain chain)
    {
        if (chain.Done) throw new InvalidOperationException("The chain was pushed before.");
        if (chain.Ring != _ring)
        {
            Push(chain, 0);
            return;
        }

        chain.Done = true;
        _ring.Outstanding--;
        _ring.PutBack(chain);
        _progress = chain.Progress;
        _transport.TraceQueue(this, "put back", chain, 0);
        _transport.ChainReturned();
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("size", Size);
        writer.Write("descriptor-area", DescriptorArea);
        writer.Write("driver-area", DriverArea);
        writer.Write("device-area", DeviceArea);
        writer.Write("ready", Ready);
        writer.Write("progress", _progress);
        if (_ring is { } ring) writer.WriteGroup("ring", ring.Save);
    }

    public void Load(SnapshotReader reader, ulong features)
    {
        Reset();
        Size = (uint)reader.GetUInt64("size", MaxSize, uint.MaxValue);
        DescriptorArea = reader.GetUInt64("descriptor-area");
        DriverArea = reader.GetUInt64("driver-area");
        DeviceArea = reader.GetUInt64("device-area");
        if (!reader.GetBoolean("ready")) return;
        if ((features & VirtioFeature.Version1) == 0) throw new SnapshotException($"The saved queue {Index} is ready before features were agreed on.");
        if (Enable(features) is { } error) throw new SnapshotException($"'{error}': the saved queue is not possible.");
        _ring!.Load(reader.GetGroup("ring"));
        _progress = (uint)reader.GetUInt64("progress", 0, uint.MaxValue);
    }
}
