using Doppel.Core.Metrics;

namespace Doppel.Backends.Net.User;

/// <summary>What a gateway counts.</summary>
internal sealed class GatewayCounters
{
    public Counter FramesFromGuest { get; } = new();

    public Counter BytesFromGuest { get; } = new();

    public Counter FramesToGuest { get; } = new();

    public Counter BytesToGuest { get; } = new();

    /// <summary>Frames for the guest that found no room.</summary>
    public Counter FramesLost { get; } = new();

    /// <summary>Frames of the guest that make no sense, or that nobody here serves.</summary>
    public Counter FramesIgnored { get; } = new();

    public Counter TcpOpened { get; } = new();

    public Counter TcpFailed { get; } = new();

    public Counter TcpRetransmitted { get; } = new();

    public Counter UdpOpened { get; } = new();

    /// <summary>Flows that a limit has kept out.</summary>
    public Counter FlowsRefused { get; } = new();

    /// <summary>Flows that the policy has kept out.</summary>
    public Counter FlowsDenied { get; } = new();

    public Counter DnsQueries { get; } = new();

    /// <summary>Defects of ours that showed: what caused one is dropped.</summary>
    public Counter Faults { get; } = new();

    /// <summary>The last of them.</summary>
    public Exception? LastFault { get; private set; }

    /// <summary>We did it: what caused it is dropped, everything else goes on.</summary>
    public void Fault(Exception exception)
    {
        Faults.Increment();
        LastFault = exception;
    }

    public IReadOnlyList<Statistic> Read() =>
    [
        new("frames-from-guest", FramesFromGuest.Value),
        new("bytes-from-guest", BytesFromGuest.Value),
        new("frames-to-guest", FramesToGuest.Value),
        new("bytes-to-guest", BytesToGuest.Value),
        new("frames-lost", FramesLost.Value),
        new("frames-ignored", FramesIgnored.Value),
        new("tcp-opened", TcpOpened.Value),
        new("tcp-failed", TcpFailed.Value),
        new("tcp-retransmitted", TcpRetransmitted.Value),
        new("udp-opened", UdpOpened.Value),
        new("flows-refused", FlowsRefused.Value),
        new("flows-denied", FlowsDenied.Value),
        new("dns-queries", DnsQueries.Value),
        new("faults", Faults.Value),
    ];
}
