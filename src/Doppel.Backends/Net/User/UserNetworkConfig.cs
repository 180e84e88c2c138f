using System.Net;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User;

/// <summary>What a user-mode network looks like from within. The defaults are those that people know from QEMU.</summary>
public sealed record UserNetworkConfig
{
    /// <summary>The IPv4 network, /8 to /28: the gateway has number 2 in it, the DNS proxy number 3, guests number 15 and on (in networks smaller than /27 number 4 and on).</summary>
    public IPNetwork Network { get; init; } = new(IPAddress.Parse("10.0.2.0"), 24);

    /// <summary>The IPv6 network, /64; null for none. The gateway has number 2 in it, the DNS proxy number 3.</summary>
    public IPNetwork? NetworkV6 { get; init; } = new(IPAddress.Parse("fec0::"), 64);

    /// <summary>The domain of the guests' names.</summary>
    public string Domain { get; init; } = "doppel";

    public NetworkPolicy Policy { get; init; } = new();

    public GatewayLimits Limits { get; init; } = new();

    /// <summary>Forwards that are there from the beginning.</summary>
    public IReadOnlyList<PortForward> Forwards { get; init; } = [];

    /// <summary>Where the host says which resolvers it uses; read anew when it changes.</summary>
    public string ResolverFile { get; init; } = "/etc/resolv.conf";

    /// <summary>A file in which leases outlive the gateway; null for none.</summary>
    public string? LeaseFile { get; init; }

    /// <summary>What a guest is called by whoever plugged it in, if he knows; null for what it calls itself. Called on the gateway's thread.</summary>
    public Func<MacAddress, string?>? NameOf { get; init; }

    /// <summary>Where the gateway is.</summary>
    public IPAddress Gateway => GatewayV4.ToIPAddress();

    /// <summary>The first guest's address.</summary>
    public IPAddress FirstGuest => Address.FromV4(Base + FirstNumber).ToIPAddress();

    /// <summary>Looks whether there can be such a network.</summary>
    /// <exception cref="Core.Errors.DoppelException">Of kind <see cref="Core.Errors.ErrorKind.Usage"/>: no.</exception>
    public void Check() => UserNetworkCheck.Check(this);

    internal Address GatewayV4 => Address.FromV4(Base + 2);

    internal Address DnsV4 => Address.FromV4(Base + 3);

    internal uint Mask => uint.MaxValue << (32 - Network.PrefixLength);

    internal uint FirstNumber => Network.PrefixLength > 26 ? 4u : 15u;

    internal uint Base => Address.From(Network.BaseAddress).V4;

    internal uint BroadcastV4 => Base | ~Mask;

    internal Address? PrefixV6 => NetworkV6 is { } network ? Address.From(network.BaseAddress) : null;

    internal Address? GatewayV6 => PrefixV6 is { } prefix ? prefix with { Low = prefix.Low + 2 } : null;

    internal Address? DnsV6 => PrefixV6 is { } prefix ? prefix with { Low = prefix.Low + 3 } : null;

    /// <summary>The gateway's link-local address, which routers speak from.</summary>
    internal static Address RouterV6 => new(0xfe80_0000_0000_0000, 2);

    internal bool IsGateway(in Address address) => address.IsV4 ? address == GatewayV4 : address == GatewayV6 || (NetworkV6 is not null && address == RouterV6);

    internal bool IsDns(in Address address) => address.IsV4 ? address == DnsV4 : address == DnsV6;

    internal bool IsOwn(in Address address) => IsGateway(address) || IsDns(address);

    /// <summary>Whether it is on the guests' own link.</summary>
    internal bool IsInside(in Address address) =>
        address.IsV4 ? (address.V4 & Mask) == Base : address.IsLinkLocalV6 || (PrefixV6 is { } prefix && address.High == prefix.High);

    /// <summary>Whether it can be a guest's address.</summary>
    internal bool IsGuest(in Address address) =>
        IsInside(address) && !IsOwn(address) && (!address.IsV4 || (address.V4 != Base && address.V4 != BroadcastV4));
}
