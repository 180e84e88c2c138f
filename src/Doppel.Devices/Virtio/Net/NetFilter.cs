// Virtual I/O Device (VIRTIO) Version 1.2, sections 5.1.6.5.1 "Packet Receive Filtering", 5.1.6.5.2 "Setting MAC Address Filtering" and 5.1.6.5.3 "VLAN Filtering".
using System.Buffers.Binary;
using Doppel.Core.Net;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio.Net;

/// <summary>The modes of section 5.1.6.5.1.</summary>
[Flags]
internal enum ReceiveModes
{
    None = 0,
    Promiscuous = 1 << 0,
    AllMulticast = 1 << 1,
    AllUnicast = 1 << 2,
    NoMulticast = 1 << 3,
    NoUnicast = 1 << 4,
    NoBroadcast = 1 << 5,
    All = (1 << 6) - 1,
}

/// <summary>Which frames the driver wants to see.</summary>
internal sealed class NetFilter
{
    /// <summary>Addresses kept of each kind; of a longer list all frames of that kind pass.</summary>
    public const int MaxAddresses = 64;

    private const ushort VlanTag = 0x8100;
    private const int VlanCount = 4096;
    private readonly MacAddress _permanent;
    private readonly byte[] _vlans = new byte[VlanCount / 8];
    private HashSet<MacAddress>? _unicast = [];
    private HashSet<MacAddress>? _multicast = [];

    /// <param name="permanent">The adapter's own address until the driver sets another one.</param>
    public NetFilter(MacAddress permanent) => Mac = _permanent = permanent;

    /// <summary>The adapter's own address, as the driver has set it last.</summary>
    public MacAddress Mac { get; set; }

    public ReceiveModes Modes { get; set; } = ReceiveModes.Promiscuous;

    public bool Passes(ReadOnlySpan<byte> frame, bool vlans)
    {
        if ((Modes & ReceiveModes.Promiscuous) != 0) return true;
        if (vlans && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == VlanTag && frame.Length >= 16 && !HasVlan(BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) & (VlanCount - 1))) return false;
        MacAddress to = MacAddress.Read(frame);
        if (to == MacAddress.Broadcast) return (Modes & ReceiveModes.NoBroadcast) == 0;
        return to.IsMulticast
            ? (Modes & ReceiveModes.NoMulticast) == 0 && ((Modes & ReceiveModes.AllMulticast) != 0 || _multicast is null || _multicast.Contains(to))
            : (Modes & ReceiveModes.NoUnicast) == 0 && ((Modes & ReceiveModes.AllUnicast) != 0 || to == Mac || _unicast is null || _unicast.Contains(to));
    }

    /// <summary>Replaces the lists of further addresses; null lets all of that kind pass.</summary>
    public void SetAddresses(HashSet<MacAddress>? unicast, HashSet<MacAddress>? multicast) => (_unicast, _multicast) = (unicast, multicast);

    public void SetVlan(int vlan, bool wanted)
    {
        if (wanted) _vlans[vlan >> 3] |= (byte)(1 << (vlan & 7));
        else _vlans[vlan >> 3] &= (byte)~(1 << (vlan & 7));
    }

    public void Reset()
    {
        Mac = _permanent;
        Modes = ReceiveModes.Promiscuous;
        _unicast = [];
        _multicast = [];
        Array.Clear(_vlans);
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("mac", Mac.Value);
        writer.Write("modes", (ulong)Modes);
        Save(writer, "unicast", _unicast);
        Save(writer, "multicast", _multicast);
        writer.Write("vlans", _vlans);
    }

    public void Load(SnapshotReader reader)
    {
        Reset();
        var mac = new MacAddress(reader.GetUInt64("mac", _permanent.Value, MacAddress.Broadcast.Value));
        if (!mac.IsStation) throw new SnapshotException($"The saved address {mac} cannot be an adapter's.");
        Mac = mac;
        Modes = (ReceiveModes)reader.GetUInt64("modes", (ulong)ReceiveModes.Promiscuous, (ulong)ReceiveModes.All);
        _unicast = Addresses(reader, "unicast");
        _multicast = Addresses(reader, "multicast");
        ReadOnlyMemory<byte> vlans = reader.GetBytes("vlans", _vlans.Length);
        if (vlans.Length > 0 && vlans.Length != _vlans.Length) throw new SnapshotException($"'vlans' has {vlans.Length} bytes instead of {_vlans.Length}.");
        vlans.Span.CopyTo(_vlans);
    }

    private bool HasVlan(int vlan) => (_vlans[vlan >> 3] >> (vlan & 7) & 1) != 0;

    private static void Save(SnapshotWriter writer, string tag, HashSet<MacAddress>? addresses)
    {
        writer.Write($"{tag}-all", addresses is null);
        if (addresses is null) return;
        ulong[] values = new ulong[addresses.Count];
        int count = 0;
        foreach (MacAddress address in addresses) values[count++] = address.Value;
        Array.Sort(values);
        writer.Write(tag, values);
    }

    private static HashSet<MacAddress>? Addresses(SnapshotReader reader, string tag)
    {
        if (reader.GetBoolean($"{tag}-all")) return null;
        ReadOnlySpan<byte> bytes = reader.GetBytes(tag, MaxAddresses * sizeof(ulong)).Span;
        if (bytes.Length % sizeof(ulong) != 0) throw new SnapshotException($"'{tag}' is no list of addresses.");
        var addresses = new HashSet<MacAddress>();
        for (; !bytes.IsEmpty; bytes = bytes[sizeof(ulong)..]) addresses.Add(new MacAddress(BinaryPrimitives.ReadUInt64LittleEndian(bytes) & MacAddress.Broadcast.Value));
        return addresses;
    }
}
