using Doppel.Devices.Virtio;

namespace Doppel.Machine;

/// <summary>A network adapter.</summary>
public sealed record NetworkConfig
{
    public const int MinMtu = VirtioNet.MinMtu;

    public const int MaxMtu = VirtioNet.MaxMtu;

    /// <summary>The adapter's address, such as <c>02:00:5e:10:00:01</c>; null gives it a random one, locally administered, when the machine is built.</summary>
    public string? Mac { get; init; }

    /// <summary>Bytes of the largest packet that its network carries.</summary>
    public int Mtu { get; init; } = 1500;
}
