using System.Net;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Switch;

/// <summary>What one port of a <see cref="VirtualSwitch"/> lets through.</summary>
public sealed record SwitchPortOptions
{
    /// <summary>Shown in lists.</summary>
    public string Name { get; init; } = "port";

    /// <summary>
    /// The segment of a port without tags, 1 to 4094: it takes and gives frames without a tag only. On a trunk, the segment of frames without a tag; 0 drops those.
    /// </summary>
    public ushort Vlan { get; init; } = 1;

    /// <summary>The segments that pass with their tags (IEEE 802.1Q); null for a port without tags.</summary>
    public IReadOnlySet<ushort>? Trunk { get; init; }

    /// <summary>Whether the port exchanges frames only with ports that are not isolated.</summary>
    public bool Isolated { get; init; }

    /// <summary>The only address that may send here, in the Ethernet header as well as in ARP and neighbour discovery; null for any.</summary>
    public MacAddress? LockedMac { get; init; }

    /// <summary>With <see cref="LockedMac"/>, the only IP addresses that may be claimed and sent from; empty for any. Link-local IPv6 addresses always may.</summary>
    public IReadOnlyList<IPAddress> LockedAddresses { get; init; } = [];

    /// <summary>Bytes that may enter in a second; 0 for no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Frames that may enter in a second; 0 for no limit.</summary>
    public long FramesPerSecond { get; init; }
}
