using System.Buffers;
using Doppel.Core.Backends;
using Doppel.Core.Metrics;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Switch;

/// <summary>One port of a <see cref="VirtualSwitch"/>: checks what comes in, and hands out what the switch has for it. Thread-safe.</summary>
public sealed class SwitchPort : INetworkBackend, INetworkPort, IDisposable
{
    private readonly VirtualSwitch _switch;
    private readonly AddressGuard? _guard;
    private readonly TokenBucket? _bytes;
    private readonly TokenBucket? _frames;
    private readonly Counter[] _drops = [.. Enum.GetValues<SwitchDrop>().Select(_ => new Counter())];
    private readonly ITimer? _room;
    private volatile INetworkPort? _adapter;
    private volatile bool _gone;

    internal SwitchPort(VirtualSwitch home, SwitchPortOptions options)
    {
        _switch = home;
        Options = options;
        if (options.LockedMac is { } mac) _guard = new AddressGuard(mac, options.LockedAddresses);
        if (options.BytesPerSecond > 0) _bytes = new TokenBucket(options.BytesPerSecond, home.Time);
        if (options.FramesPerSecond > 0) _frames = new TokenBucket(options.FramesPerSecond, home.Time);
        if (_bytes is not null || _frames is not null) _room = home.Time.CreateTimer(_ => RoomAvailable?.Invoke(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public event Action? RoomAvailable;

    public SwitchPortOptions Options { get; }

    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    /// <summary>Frames and bytes from the adapter, also those that were dropped then.</summary>
    public Counter FramesIn { get; } = new();

    public Counter BytesIn { get; } = new();

    /// <summary>Frames and bytes that the adapter has taken.</summary>
    public Counter FramesOut { get; } = new();

    public Counter BytesOut { get; } = new();

    /// <summary>How many frames were dropped here for a reason.</summary>
    public long Drops(SwitchDrop reason) => _drops[(int)reason].Value;

    public INetworkPort Connect(INetworkPort adapter)
    {
        if (Interlocked.CompareExchange(ref _adapter, adapter, null) is not null) throw new InvalidOperationException("The port is taken.");
        return this;
    }

    /// <summary>Lets a frame of the adapter in; refuses it only where a limit of the port's rate says to come later.</summary>
    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (_gone) return true;
        if (!MayPass(frame.Length)) return false;
        FramesIn.Increment();
        BytesIn.Add(frame.Length);
        if (!FrameDelivery.IsPossible(frame.Length, offload))
        {
            Drop(SwitchDrop.Malformed);
            return true;
        }

        bool tagged = VlanTag.IsAt(frame);
        if (!tagged)
        {
            if (Options.Vlan == 0) Drop(SwitchDrop.Vlan);
            else Enter(Options.Vlan, frame, offload);
            return true;
        }

        // A tag of segment 0 says nothing but a priority. A port without tags takes no others, or a guest could choose its segment.
        if (!VlanTag.TryRead(frame, out ushort vlan) || vlan != 0 && Options.Trunk?.Contains(vlan) != true || vlan == 0 && Options.Vlan == 0)
        {
            Drop(SwitchDrop.Vlan);
            return true;
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        Span<byte> plain = VlanTag.Remove(frame, copy);
        FrameOffload moved = VlanTag.Move(offload, -VlanTag.Length);
        if (!FrameDelivery.IsPossible(plain.Length, moved) || offload.NeedsChecksum && offload.ChecksumStart < FrameDelivery.HeaderLength + VlanTag.Length) Drop(SwitchDrop.Malformed);
        else Enter(vlan == 0 ? Options.Vlan : vlan, plain, moved);
        ArrayPool<byte>.Shared.Return(copy);
        return true;
    }

    public void Dispose()
    {
        _gone = true;
        _switch.Remove(this);
        _room?.Dispose();
    }

    internal bool Carries(ushort vlan) => vlan == Options.Vlan || Options.Trunk?.Contains(vlan) == true;

    internal void Drop(SwitchDrop reason) => _drops[(int)reason].Increment();

    /// <summary>Hands a frame to the adapter.</summary>
    internal void Give(ref FrameCopies copies)
    {
        if (_adapter is not { } adapter || _gone) return;
        bool plain = copies.Vlan == Options.Vlan;
        // A tag within the tag would be taken for one of the switch, also on a trunk.
        if (plain && VlanTag.IsAt(copies.Plain))
        {
            Drop(SwitchDrop.Vlan);
            return;
        }

        ReadOnlySpan<byte> frame = plain ? copies.Plain : copies.Tagged();
        if (frame.Length > FrameDelivery.MaxLength || !adapter.TryDeliver(frame, plain ? copies.PlainOffload : copies.TaggedOffload))
        {
            Drop(SwitchDrop.Full);
            return;
        }

        FramesOut.Increment();
        BytesOut.Add(frame.Length);
    }

    private void Enter(ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        int network = FrameDelivery.HeaderLength;
        if (Options.Trunk is null && VlanTag.IsAt(frame))
        {
            Drop(SwitchDrop.Vlan);
            return;
        }

        while (VlanTag.IsAt(frame, network - FrameDelivery.HeaderLength)) network += VlanTag.Length;
        if (network > frame.Length || !MacAddress.Read(frame[MacAddress.Length..]).IsStation) Drop(SwitchDrop.Malformed);
        else if (_guard?.Passes(frame, network, offload) == false) Drop(SwitchDrop.Spoofed);
        else _switch.Forward(this, vlan, frame, offload);
    }

    private bool MayPass(int length)
    {
        TimeSpan wait = _frames?.Take(1) ?? TimeSpan.Zero;
        if (wait == TimeSpan.Zero) wait = _bytes?.Take(length) ?? TimeSpan.Zero;
        if (wait == TimeSpan.Zero) return true;
        // Timers count whole milliseconds; one that comes early is set anew.
        _room!.Change(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
        return false;
    }
}
