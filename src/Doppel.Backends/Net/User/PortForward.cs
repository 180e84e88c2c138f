using System.Net;

namespace Doppel.Backends.Net.User;

public enum ForwardProtocol
{
    Tcp,
    Udp,
}

/// <summary>A port of the host that leads to a port of a guest.</summary>
public sealed record PortForward
{
    public ForwardProtocol Protocol { get; init; }

    /// <summary>Where the host listens: this host only, unless another address is named.</summary>
    public IPAddress HostAddress { get; init; } = IPAddress.Loopback;

    /// <summary>0 for any that is free.</summary>
    public ushort HostPort { get; init; }

    /// <summary>Which guest; null is the first one.</summary>
    public IPAddress? GuestAddress { get; init; }

    public ushort GuestPort { get; init; }

    public override string ToString() => $"{new IPEndPoint(HostAddress, HostPort)}:{(GuestAddress is null ? "" : GuestAddress + ":")}{GuestPort}/{(Protocol == ForwardProtocol.Tcp ? "tcp" : "udp")}";
}
