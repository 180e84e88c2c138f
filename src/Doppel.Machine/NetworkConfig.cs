using Doppel.Devices.Virtio;

namespace Doppel.Machine;

/// <summary>A network adapter, and what it is plugged into.</summary>
public sealed record NetworkConfig
{
    public const int MinMtu = VirtioNet.MinMtu;

    public const int MaxMtu = VirtioNet.MaxMtu;

    public NetworkKind Kind { get; init; }

    /// <summary>The adapter's address, such as <c>02:00:5e:10:00:01</c>; null gives it a random one, locally administered, when the machine is built.</summary>
    public string? Mac { get; init; }

    /// <summary>Bytes of the largest packet that its network carries.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>With <see cref="NetworkKind.User"/>, what its network is like; null is the default.</summary>
    public UserNetworkSettings? User { get; init; }
}
