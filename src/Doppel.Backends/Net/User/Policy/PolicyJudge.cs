using System.Net;
using Doppel.Backends.Net.User.Wire;

namespace Doppel.Backends.Net.User.Policy;

internal enum Verdict
{
    Open,

    /// <summary>The policy says no.</summary>
    Denied,

    /// <summary>It is the gateway, where nothing is open.</summary>
    Refused,

    /// <summary>There is no such destination for a guest.</summary>
    Nowhere,
}

/// <summary>Applies a policy to destinations.</summary>
internal sealed class PolicyJudge(NetworkPolicy policy, UserNetworkConfig network, Func<long> now)
{
    /// <summary>Addresses of names are kept at least this long: programs use them a while after they have asked.</summary>
    private const long LeastNameTime = 60_000;

    private const int MaxNamed = 4096;

    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("224.0.0.0/3"),
        IPNetwork.Parse("::/96"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"),
    ];

    private static readonly IPNetwork LinkLocal = IPNetwork.Parse("169.254.0.0/16");

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("fc00::/7"),
    ];

    private readonly Dictionary<(Address Address, PolicyRule Rule), long> _named = [];
    private readonly bool _hasNames = policy.Allow.Any(r => r.Name is not null) || policy.Deny.Any(r => r.Name is not null);

    /// <summary>Whether a guest may go there, and where that is on the host.</summary>
    /// <param name="port">0 for ICMP.</param>
    public Verdict Judge(in Address destination, ushort port, out IPAddress target)
    {
        target = destination.ToIPAddress();
        bool isGateway = network.IsGateway(destination);
        if (!isGateway && (network.IsInside(destination) || Contains(Never, target))) return Verdict.Nowhere;
        if (Names(policy.Deny, destination, target, port)) return isGateway ? Verdict.Refused : Verdict.Denied;
        bool allowed = Names(policy.Allow, destination, target, port);
        if (isGateway)
        {
            target = destination.IsV4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;
            return allowed || policy.HostLoopback ? Verdict.Open : Verdict.Refused;
        }

        if (allowed) return Verdict.Open;
        if (policy.Restrict || LinkLocal.Contains(target)) return Verdict.Denied;
        return policy.PrivateNetworks || !Contains(Private, target) ? Verdict.Open : Verdict.Denied;
    }

    /// <summary>Whether the name may be asked for: what a guest may not reach it need not resolve, and DNS is a way out as well.</summary>
    public bool MayResolve(string name) =>
        !policy.Restrict || policy.Allow.Any(rule => rule.MatchesName(name));

    /// <summary>A resolver has given an address for a name.</summary>
    public void Learn(string name, in Address address, uint seconds)
    {
        if (!_hasNames) return;
        long until = now() + Math.Max(seconds * 1000L, LeastNameTime);
        foreach (PolicyRule rule in policy.Allow.Concat(policy.Deny))
        {
            if (!rule.MatchesName(name)) continue;
            if (_named.Count >= MaxNamed) Forget();
            _named[(address, rule)] = until;
        }
    }

    private static bool Contains(IPNetwork[] networks, IPAddress address)
    {
        foreach (IPNetwork one in networks)
        {
            if (one.Contains(address)) return true;
        }

        return false;
    }

    private bool Names(IReadOnlyList<PolicyRule> rules, in Address destination, IPAddress target, ushort port)
    {
        foreach (PolicyRule rule in rules)
        {
            if (rule.Matches(target, port)) return true;
            if (rule.Name is not null && rule.MatchesPort(port) && _named.TryGetValue((destination, rule), out long until) && until >= now()) return true;
        }

        return false;
    }

    private void Forget()
    {
        long time = now();
        foreach (var key in _named.Where(n => n.Value < time).Select(n => n.Key).ToArray()) _named.Remove(key);
        if (_named.Count >= MaxNamed) _named.Clear();
    }
}
