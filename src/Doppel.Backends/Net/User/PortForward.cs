using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Doppel.Core.Errors;

namespace Doppel.Backends.Net.User;

public enum ForwardProtocol
{
    Tcp,
    Udp,
}

/// <summary>A port of the host that leads to a port of a guest.</summary>
public sealed record PortForward
{
    private const string Shape = "[ADDRESS:]PORT:[GUEST:]PORT[/udp], such as 8080:80, 0.0.0.0:5353:53/udp or [::1]:2222:22";

    public ForwardProtocol Protocol { get; init; }

    /// <summary>Where the host listens: this host only, unless another address is named.</summary>
    public IPAddress HostAddress { get; init; } = IPAddress.Loopback;

    /// <summary>0 for any that is free.</summary>
    public ushort HostPort { get; init; }

    /// <summary>Which guest; null is the first one.</summary>
    public IPAddress? GuestAddress { get; init; }

    public ushort GuestPort { get; init; }

    /// <summary>Reads <c>[[ADDRESS:]PORT:][GUEST:]PORT[/tcp|/udp]</c>; IPv6 addresses in brackets. Without a port of the host, any that is free is taken.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>.</exception>
    public static PortForward Parse(string text)
    {
        int slash = text.LastIndexOf('/');
        ForwardProtocol protocol = slash < 0 ? ForwardProtocol.Tcp : text[(slash + 1)..].ToLowerInvariant() switch
        {
            "tcp" => ForwardProtocol.Tcp,
            "udp" => ForwardProtocol.Udp,
            _ => throw Wrong(text),
        };
        var parts = new Queue<string>(Split(slash < 0 ? text : text[..slash]));
        IPAddress? host = parts.Count > 1 ? TakeAddress(parts) : null;
        ushort hostPort = parts.Count > 1 ? ReadPort(text, parts.Dequeue(), 0) : (ushort)0;
        IPAddress? guest = parts.Count > 1 ? TakeAddress(parts) : null;
        if (parts.Count != 1) throw Wrong(text);
        return new PortForward { Protocol = protocol, HostAddress = host ?? IPAddress.Loopback, HostPort = hostPort, GuestAddress = guest, GuestPort = ReadPort(text, parts.Dequeue(), 1) };
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() =>
        $"{new IPEndPoint(HostAddress, HostPort)}:{(GuestAddress is null ? "" : GuestAddress.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{GuestAddress}]:" : GuestAddress + ":")}{GuestPort}/{(Protocol == ForwardProtocol.Tcp ? "tcp" : "udp")}";

    private static IEnumerable<string> Split(string text)
    {
        int from = 0;
        bool bracket = false;
        for (int i = 0; i < text.Length; i++)
        {
            bracket = text[i] == '[' || (bracket && text[i] != ']');
            if (bracket || text[i] != ':') continue;
            yield return text[from..i];
            from = i + 1;
        }

        yield return text[from..];
    }

    private static IPAddress? TakeAddress(Queue<string> parts)
    {
        string part = parts.Peek();
        bool isV6 = part.StartsWith('[') && part.EndsWith(']');
        if (!isV6 && part.Count(c => c == '.') != 3) return null;
        return IPAddress.TryParse(isV6 ? part[1..^1] : part, out IPAddress? address) && (parts.Dequeue() is not null) ? address : null;
    }

    private static ushort ReadPort(string text, string part, ushort least) =>
        ushort.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port >= least ? port : throw Wrong(text);

    private static DoppelException Wrong(string text) => new(ErrorKind.Usage, $"'{text}' is no port forward", Shape);
}
