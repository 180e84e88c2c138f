using System.Net;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Errors;
using Doppel.Core.Net;

namespace Doppel.Machine.Networks;

/// <summary>What an adapter's configuration means for its port of a named network.</summary>
internal static class NetworkPorts
{
    public const int MaxVlan = 4094;

    /// <exception cref="DoppelException">It makes no sense; only possible if nobody has validated it.</exception>
    public static SwitchPortOptions Options(string machine, NetworkConfig config)
    {
        _ = MacAddress.TryParse(config.Mac, out MacAddress mac);
        return new SwitchPortOptions
        {
            Name = machine,
            Vlan = config.Vlan,
            Trunk = config.Trunk is { Count: > 0 } trunk ? trunk.ToHashSet() : null,
            Isolated = config.Isolated,
            LockedMac = config.Locked ? mac : null,
            LockedAddresses = [.. (config.Addresses ?? []).Select(Address)],
            BytesPerSecond = config.BytesPerSecond,
        };
    }

    private static IPAddress Address(string text) => IPAddress.TryParse(text, out IPAddress? address) ? address : throw new DoppelException(ErrorKind.Usage, $"'{text}' is no IP address", "for example 10.0.0.1");
}
