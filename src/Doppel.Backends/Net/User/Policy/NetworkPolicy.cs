namespace Doppel.Backends.Net.User.Policy;

/// <summary>
/// Where a guest may go. What <see cref="Deny"/> names is closed; then what <see cref="Allow"/> names is open; then, with <see cref="Restrict"/>, everything is closed;
/// else everything is open but link-local addresses (where clouds keep credentials) and, as configured, private networks and the host's loopback. Multicast, broadcast and
/// the host's loopback by its own addresses are never reached.
/// </summary>
public sealed record NetworkPolicy
{
    public IReadOnlyList<PolicyRule> Deny { get; init; } = [];

    public IReadOnlyList<PolicyRule> Allow { get; init; } = [];

    /// <summary>Nothing but what <see cref="Allow"/> names; names that it does not name are not resolved either.</summary>
    public bool Restrict { get; init; }

    /// <summary>Whether the gateway's address leads to the host's loopback (127.0.0.1, ::1). A rule of <see cref="Allow"/> for the gateway's address opens single ports.</summary>
    public bool HostLoopback { get; init; }

    /// <summary>Whether private networks (RFC 1918, RFC 6598, RFC 4193) are open.</summary>
    public bool PrivateNetworks { get; init; } = true;
}
