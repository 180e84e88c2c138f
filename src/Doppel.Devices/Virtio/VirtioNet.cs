// Virtual I/O Device (VIRTIO) Version 1.2, section 5.1 "Network Device".
using System.Buffers;
using System.Buffers.Binary;
using Doppel.Core.Backends;
using Doppel.Core.Metrics;
using Doppel.Core.Net;
using Doppel.Core.Snapshot;
using Doppel.Devices.Virtio.Net;
using Doppel.Devices.Virtio.Queue;

namespace Doppel.Devices.Virtio;

/// <summary>A network adapter: two queues for frames, one for the driver's commands. What is left undone in frames goes both ways as far as both ends accept it.</summary>
public sealed class VirtioNet : VirtioDevice, INetworkPort
{
    public const int MinMtu = 68;

    public const int MaxMtu = 65535;

    private const int ReceiveQueue = 0, TransmitQueue = 1, ControlQueue = 2;
    private const ushort QueueSize = 512;
    private const ushort StatusLinkUp = 1, StatusAnnounce = 2;

    /// <summary>A frame without segmentation may have an Ethernet header with two tags around a packet of the MTU.</summary>
    private const int HeaderRoom = FrameDelivery.HeaderLength + 8;

    /// <summary>Bytes in which a network names the guest's connections.</summary>
    private const int MaxSavedConnections = 1 << 20;

    private readonly INetworkBackend _backend;
    private readonly int _mtu;
    private readonly NetFilter _filter;
    private readonly NetControl _control;
    private readonly FrameQueue _waiting = new();
    private readonly DatagramPace _pace = new();
    private readonly UsedChain[] _frame = new UsedChain[QueueSize];
    private readonly Action _deliver;
    private INetworkPort? _peer;
    private ulong _guestOffloads = NetFeature.GuestOffloads;
    private volatile FrameOffloads _accepts;
    private volatile int _scheduled;
    private bool _announce;

    /// <param name="mac">The adapter's own address; the driver may choose another one.</param>
    /// <param name="mtu">Bytes of the largest packet that the network carries.</param>
    public VirtioNet(INetworkBackend backend, MacAddress mac, int mtu = 1500)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtu, MinMtu);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtu, MaxMtu);
        if (!mac.IsStation) throw new ArgumentException($"{mac} cannot be an adapter's address.", nameof(mac));
        _backend = backend;
        _mtu = mtu;
        _filter = new NetFilter(mac);
        _control = new NetControl(_filter);
        _control.Announced += () => _announce = false;
        _control.GuestOffloadsChanged += SetGuestOffloads;
        _deliver = () =>
        {
            _scheduled = 0;
            Transport.Enter(Deliver);
            if (_waiting.TakeRefusal()) RoomAvailable?.Invoke();
        };
    }

    public event Action? RoomAvailable;

    public Counter FramesSent { get; } = new();

    public Counter FramesReceived { get; } = new();

    /// <summary>Frames of the driver that could not be sent: impossible headers, too long or too short.</summary>
    public Counter SendErrors { get; } = new();

    /// <summary>Frames for the guest that it has no room for or that it cannot take as they are.</summary>
    public Counter ReceiveDrops { get; } = new();

    public IEnumerable<Statistic> Statistics =>
    [
        new("frames-sent", FramesSent.Value), new("frames-received", FramesReceived.Value), new("send-errors", SendErrors.Value), new("receive-drops", ReceiveDrops.Value),
    ];

    public FrameOffloads Accepts => _accepts;

    public bool IsBehind => _pace.IsBehind;

    internal override uint DeviceId => 1;

    internal override ulong Features => NetFeature.All;

    internal override IReadOnlyList<ushort> QueueSizes { get; } = [QueueSize, QueueSize, 64];

    internal override int ConfigLength => 12;

    internal override void Plug(VirtioTransport transport)
    {
        base.Plug(transport);
        _peer = _backend.Connect(this);
        _peer.RoomAvailable += () => transport.Enter(() => transport.Service(transport.Queues[TransmitQueue]));
        _backend.LinkChanged += () => transport.Enter(transport.ConfigChanged);
    }

    /// <summary>Asks the guest to tell the network where it is now: after the machine has moved, or goes on from a moment of its past.</summary>
    public void Announce() => Transport.Enter(() =>
    {
        if (!Transport.Has(NetFeature.GuestAnnounce)) return;
        _announce = true;
        Transport.ConfigChanged();
    });

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (!FrameDelivery.IsPossible(frame.Length, offload) || (FrameDelivery.Needs(offload) & ~_accepts) != 0) ReceiveDrops.Increment();
        else if (!_waiting.TryAdd(frame, offload)) return false;
        else
        {
            _pace.Handed(frame);
            DeliverLater();
        }

        return true;
    }

    /// <summary>One of the guest's processors has nothing to do: it has dealt with what it was handed. On any thread, without locks held.</summary>
    public void OnGuestIdle()
    {
        if (_pace.IsOpen && _waiting.IsEmpty && _pace.CaughtUp()) RoomAvailable?.Invoke();
    }

    internal override void ReadConfig(Span<byte> config)
    {
        _filter.Mac.Write(config);
        BinaryPrimitives.WriteUInt16LittleEndian(config[6..], (ushort)((_backend.IsUp ? StatusLinkUp : 0) | (_announce ? StatusAnnounce : 0)));
        BinaryPrimitives.WriteUInt16LittleEndian(config[8..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(config[10..], (ushort)_mtu);
    }

    internal override void OnQueue(VirtioQueue queue)
    {
        switch (queue.Index)
        {
            case ReceiveQueue:
                UpdateAccepts();
                DeliverLater();
                break;
            case TransmitQueue:
                Transmit(queue);
                break;
            case ControlQueue:
                while (queue.TryPop(out DescriptorChain? chain)) queue.Push(chain, _control.Run(chain, Transport.Negotiated));
                break;
        }
    }

    internal override void Reset()
    {
        _filter.Reset();
        _guestOffloads = NetFeature.GuestOffloads;
        _accepts = FrameOffloads.None;
        _announce = false;
        _waiting.Clear();
        _pace.CaughtUp();
    }

    internal override void Save(SnapshotWriter writer)
    {
        _filter.Save(writer);
        writer.Write("guest-offloads", _guestOffloads);
        writer.Write("announce", _announce);
        writer.Write("connections", _backend.SaveConnections());
    }

    internal override void Load(SnapshotReader reader)
    {
        _filter.Load(reader);
        ulong offloads = reader.GetUInt64("guest-offloads", NetFeature.GuestOffloads);
        if ((offloads & ~NetFeature.GuestOffloads) != 0) throw new SnapshotException($"The saved offloads are 0x{offloads:x}.");
        _announce = reader.GetBoolean("announce");
        SetGuestOffloads(offloads);
        _backend.EndConnections(reader.GetBytes("connections", MaxSavedConnections));
    }

    /// <summary>Guest to network. What the network has no room for stays in the guest's ring until it has.</summary>
    private void Transmit(VirtioQueue queue)
    {
        ulong features = Transport.Negotiated;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FrameDelivery.MaxLength);
        while (queue.TryPop(out DescriptorChain? chain))
        {
            if (TryRead(chain, buffer, features, out int length, out FrameOffload offload))
            {
                if (_backend.IsUp && !_peer!.TryDeliver(buffer.AsSpan(0, length), offload))
                {
                    queue.PutBack(chain);
                    break;
                }

                FramesSent.Increment();
            }
            else
            {
                SendErrors.Increment();
            }

            queue.Push(chain, 0);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private bool TryRead(DescriptorChain chain, byte[] buffer, ulong features, out int length, out FrameOffload offload)
    {
        Span<byte> header = stackalloc byte[NetHeader.Length];
        length = (int)Math.Min(chain.ReadableLength, int.MaxValue) - NetHeader.Length;
        offload = default;
        if (length is < FrameDelivery.HeaderLength or > FrameDelivery.MaxLength) return false;
        Span<byte> frame = buffer.AsSpan(0, length);
        return chain.Read(0, header) == NetHeader.Length
            && chain.Read(NetHeader.Length, frame) == length
            && NetHeader.TryRead(header, frame, features, out offload)
            && (offload.Segmentation != FrameSegmentation.None || length <= _mtu + HeaderRoom);
    }

    /// <summary>Network to guest, as far as the guest has room. Runs by itself, never within the network's call or the driver's.</summary>
    private void Deliver()
    {
        VirtioQueue queue = Transport.Queues[ReceiveQueue];
        if (!Transport.Live || !queue.Ready)
        {
            _waiting.Clear();
            return;
        }

        if (!Transport.MayPop) return;
        queue.BeginTurn();
        bool merge = Transport.Has(NetFeature.MergeableBuffers), vlans = Transport.Has(NetFeature.ControlVlan);
        while (_waiting.TryPeek(out FrameQueue.Entry entry))
        {
            if (_filter.Passes(entry.Frame, vlans))
            {
                if ((FrameDelivery.Needs(entry.Offload) & ~_accepts) != 0) ReceiveDrops.Increment();
                else if (!TryDeliver(queue, entry, merge)) return;
            }

            _waiting.TryTake(out _);
            FrameQueue.Return(entry);
        }
    }

    /// <returns>False if the frame has to wait for buffers.</returns>
    private bool TryDeliver(VirtioQueue queue, in FrameQueue.Entry entry, bool merge)
    {
        long missing = NetHeader.Length + entry.Length;
        int count = 0;
        while (missing > 0 && count < (merge ? QueueSize : 1) && queue.TryPop(out DescriptorChain? chain))
        {
            _frame[count++] = new UsedChain(chain, (uint)Math.Min(missing, chain.WritableLength));
            missing -= chain.WritableLength;
        }

        Span<UsedChain> used = _frame.AsSpan(0, count);
        bool noHeader = count > 0 && used[0].Chain.WritableLength < NetHeader.Length;
        if (missing > 0 || noHeader)
        {
            for (int i = count - 1; i >= 0; i--) queue.PutBack(used[i].Chain);
            if (noHeader) Transport.Fail("a buffer for frames has no room for the header");
            // Without merging, a frame for which one buffer is too small will find none that is not.
            bool lost = !merge && count > 0;
            if (lost) ReceiveDrops.Increment();
            return lost;
        }

        Span<byte> header = stackalloc byte[NetHeader.Length];
        NetHeader.Write(header, entry.Offload, _accepts != FrameOffloads.None, count);
        used[0].Chain.Write(0, header);
        ReadOnlySpan<byte> rest = entry.Frame;
        for (int i = 0; i < count; i++) rest = rest[used[i].Chain.Write(i == 0 ? NetHeader.Length : 0u, rest)..];
        queue.Push(used);
        FramesReceived.Increment();
        return true;
    }

    private void DeliverLater()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0) Transport.Later(_deliver);
    }

    private void SetGuestOffloads(ulong offloads)
    {
        _guestOffloads = offloads;
        UpdateAccepts();
    }

    private void UpdateAccepts() => _accepts = NetFeature.Accepted(_guestOffloads & Transport.Negotiated);
}
