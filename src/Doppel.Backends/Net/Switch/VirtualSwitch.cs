// IEEE Std 802.1Q-2018, section 8 "Principles of Bridge operation", without spanning trees.
using Doppel.Backends.Net.Capture;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Switch;

/// <summary>
/// An Ethernet switch between machines of this process, and of others by whoever links them to a port. It keeps no frames: what a port has no room for is lost there,
/// so that a machine which does not read holds up nobody. All members are thread-safe.
/// </summary>
public sealed class VirtualSwitch
{
    /// <summary>01:80:c2:00:00:00 to …:0f, table 8-1.</summary>
    private const ulong ReservedFirst = 0x01_80_c2_00_00_00, ReservedMask = 0xffff_ffff_fff0;

    private readonly SwitchOptions _options;
    private readonly MacTable _table;
    private readonly Lock _lock = new();
    private volatile SwitchPort[] _ports = [];

    public VirtualSwitch(SwitchOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new SwitchOptions();
        Time = time ?? TimeProvider.System;
        _table = new MacTable(_options, Time);
    }

    public IReadOnlyList<SwitchPort> Ports => _ports;

    internal TimeProvider Time { get; }

    /// <summary>Adds a port. It is an adapter's <see cref="INetworkBackend"/>, and leaves the switch when it is disposed of.</summary>
    /// <exception cref="DoppelException">The options cannot work, or the switch is full.</exception>
    public SwitchPort AddPort(SwitchPortOptions? options = null)
    {
        options ??= new SwitchPortOptions();
        if (options.Vlan > VlanTag.Last || options.Vlan == 0 && options.Trunk is null) throw Usage($"{options.Vlan} is no segment", $"{VlanTag.First} to {VlanTag.Last}");
        if (options.Trunk?.FirstOrDefault(v => v is < VlanTag.First or > VlanTag.Last) is { } wrong and not 0) throw Usage($"{wrong} is no segment", $"{VlanTag.First} to {VlanTag.Last}");
        if (options.LockedMac is { IsStation: false } mac) throw Usage($"{mac} is not the address of one adapter", "an address whose first octet is even");
        var port = new SwitchPort(this, options);
        lock (_lock)
        {
            if (_ports.Length >= _options.MaxPorts) throw new DoppelException(ErrorKind.InsufficientResources, $"the network is full: it has {_ports.Length} ports", "remove a machine from it");
            _ports = [.. _ports, port];
        }

        return port;
    }

    /// <summary>The addresses that were seen behind a port lately.</summary>
    public IReadOnlyList<MacAddress> AddressesOf(SwitchPort port) => _table.Of(port);

    internal void Remove(SwitchPort port)
    {
        lock (_lock) _ports = [.. _ports.Where(p => p != port)];
        _table.Forget(port);
    }

    /// <summary>Where all frames that ports have let in can be recorded: each once, as they came; with the tag of their segment, if that is not the first.</summary>
    public CapturePoint Captures { get; } = new();

    /// <summary>Takes a frame that its port has let in.</summary>
    /// <param name="frame">Without the tag of its segment.</param>
    internal void Forward(SwitchPort from, ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (Captures.IsOn) Record(vlan, frame, offload);
        FrameOffload undone = offload;
        if (_options.Rule is { } rule)
        {
            FrameVerdict verdict = Judge(rule, from, vlan, frame, offload);
            if (!verdict.IsAccepted || verdict.Frame is { } other && !FrameDelivery.IsPossible(other.Length, verdict.Offload))
            {
                from.Drop(SwitchDrop.Rule);
                return;
            }

            if (verdict.Frame is not null)
            {
                frame = verdict.Frame;
                undone = verdict.Offload;
            }
        }

        MacAddress to = MacAddress.Read(frame);
        if ((to.Value & ReservedMask) == ReservedFirst)
        {
            from.Drop(SwitchDrop.Reserved);
            return;
        }

        _table.Learn(vlan, MacAddress.Read(frame[MacAddress.Length..]), from);
        var copies = new FrameCopies(vlan, frame, undone);
        if (!to.IsMulticast && _table.Find(vlan, to) is { } known)
        {
            if (Reaches(from, known, vlan)) known.Give(ref copies);
        }
        else
        {
            foreach (SwitchPort port in _ports)
            {
                if (Reaches(from, port, vlan)) port.Give(ref copies);
            }
        }

        copies.Return();
    }

    private void Record(ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        var copies = new FrameCopies(vlan, frame, offload);
        if (vlan == 1) Captures.Record(copies.Plain, copies.PlainOffload);
        else Captures.Record(copies.Tagged(), copies.TaggedOffload);
        copies.Return();
    }

    private static bool Reaches(SwitchPort from, SwitchPort to, ushort vlan) => to != from && to.Carries(vlan) && !(from.Options.Isolated && to.Options.Isolated);

    private static FrameVerdict Judge(FrameRule rule, SwitchPort from, ushort vlan, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        try
        {
            return rule(from, vlan, frame, offload);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return FrameVerdict.Drop;
        }
    }

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);
}
