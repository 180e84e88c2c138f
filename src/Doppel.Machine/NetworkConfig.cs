using Doppel.Devices.Virtio;

namespace Doppel.Machine;

/// <summary>A network adapter, and what it is plugged into.</summary>
public sealed record NetworkConfig
{
    public const int MinMtu = VirtioNet.MinMtu;

    public const int MaxMtu = VirtioNet.MaxMtu;

    public NetworkKind Kind { get; init; }

    /// <summary>Which network, or which tap interface.</summary>
    public string? Name { get; init; }

    /// <summary>The adapter's address, such as <c>02:00:5e:10:00:01</c>; null gives it a random one, locally administered, when the machine is built.</summary>
    public string? Mac { get; init; }

    /// <summary>Bytes of the largest packet that its network carries.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>With <see cref="NetworkKind.User"/>, what its network is like; null is the default.</summary>
    public UserNetworkSettings? User { get; init; }

    /// <summary>In a named network, the adapter's segment, 1 to 4094: it exchanges frames with those of the same one only. With <see cref="Trunk"/>, that of frames without a tag.</summary>
    public ushort Vlan { get; init; } = 1;

    /// <summary>In a named network, further segments whose frames the guest sends and receives with tags (IEEE 802.1Q).</summary>
    public IReadOnlyList<ushort> Trunk { get; init; } = [];

    /// <summary>In a named network, whether the adapter exchanges frames only with those that are not isolated.</summary>
    public bool Isolated { get; init; }

    /// <summary>In a named network, whether the guest can send from the adapter's own address only, and claim no other.</summary>
    public bool Locked { get; init; }

    /// <summary>With <see cref="Locked"/>, the IP addresses that the guest may have; none for any.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>In a named network, the bytes that the guest may send in a second; 0 for no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>A file for all frames of this adapter, in the format of Wireshark and its kin; replaced if it is there.</summary>
    public string? Capture { get; init; }
}
