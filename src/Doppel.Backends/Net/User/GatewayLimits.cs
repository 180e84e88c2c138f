namespace Doppel.Backends.Net.User;

/// <summary>What one gateway holds at most, whatever its guests do.</summary>
public sealed record GatewayLimits
{
    public int TcpConnections { get; init; } = 1024;

    /// <summary>Of these, those for which the host's side is not open yet; a SYN beyond is dropped, and the guest sends it again.</summary>
    public int TcpConnecting { get; init; } = 512;

    /// <summary>Bytes that all connections buffer together, beyond 16 KiB for the guest and 64 KiB for the host that each may for certain.</summary>
    public long TcpBufferBytes { get; init; } = 64 << 20;

    /// <summary>Flows of UDP and of ICMP echo; the one that has been idle the longest makes room.</summary>
    public int DatagramFlows { get; init; } = 1024;

    /// <summary>Questions to the host's resolvers at the same time; the others are refused.</summary>
    public int DnsQueries { get; init; } = 128;

    /// <summary>Guests whose addresses are remembered.</summary>
    public int Neighbours { get; init; } = 256;

    /// <summary>Port forwards.</summary>
    public int Forwards { get; init; } = 256;
}
