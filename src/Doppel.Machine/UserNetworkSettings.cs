using System.Net;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>A user-mode network of an adapter's own, as it is kept in a configuration: in words. What they mean: <c>docs/network.md</c>.</summary>
public sealed record UserNetworkSettings
{
    /// <summary>The IPv4 network, such as <c>10.0.2.0/24</c>; null is that one.</summary>
    public string? Network { get; init; }

    /// <summary>Whether there is IPv6.</summary>
    public bool V6 { get; init; } = true;

    /// <summary>Nothing is reached but what <see cref="Allow"/> names.</summary>
    public bool Restrict { get; init; }

    /// <summary>Whether the gateway's address leads to the host's loopback.</summary>
    public bool HostLoopback { get; init; }

    /// <summary>Whether private networks are reached.</summary>
    public bool PrivateNetworks { get; init; } = true;

    /// <summary>Destinations that are open, as <see cref="PolicyRule.Parse"/> reads them.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Destinations that are closed.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>Ports of the host that lead to the guest, as <see cref="PortForward.Parse"/> reads them.</summary>
    public IReadOnlyList<string> Forwards { get; init; } = [];

    /// <summary>What the words mean.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>: they mean nothing.</exception>
    public UserNetworkConfig Read()
    {
        var config = new UserNetworkConfig
        {
            Policy = new NetworkPolicy
            {
                Restrict = Restrict,
                HostLoopback = HostLoopback,
                PrivateNetworks = PrivateNetworks,
                Allow = [.. Allow.Select(PolicyRule.Parse)],
                Deny = [.. Deny.Select(PolicyRule.Parse)],
            },
            Forwards = [.. Forwards.Select(PortForward.Parse)],
        };
        if (!V6) config = config with { NetworkV6 = null };
        if (Network is null) return config;
        if (!IPNetwork.TryParse(Network, out IPNetwork network)) throw new DoppelException(ErrorKind.Usage, $"'{Network}' is no network", "an address and the length of its prefix, such as 10.0.2.0/24");
        return config with { Network = network };
    }
}
