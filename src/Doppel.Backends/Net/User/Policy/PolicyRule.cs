using System.Globalization;
using System.Net;
using Doppel.Core.Errors;

namespace Doppel.Backends.Net.User.Policy;

/// <summary>Some destinations: a network or a name, and ports of it.</summary>
public sealed record PolicyRule
{
    /// <summary>The addresses; null if <see cref="Name"/> says.</summary>
    public IPNetwork? Network { get; private init; }

    /// <summary>A host name in lower case, or <c>*.</c> and a domain for all names below it. It stands for the addresses that our DNS proxy has given for it.</summary>
    public string? Name { get; private init; }

    public ushort FirstPort { get; private init; }

    public ushort LastPort { get; private init; } = ushort.MaxValue;

    /// <summary>Whether it is about all ports, and so about ICMP as well.</summary>
    public bool AllPorts => FirstPort == 0 && LastPort == ushort.MaxValue;

    /// <summary>Reads <c>ADDRESS[/BITS][:PORT[-PORT]]</c> (an IPv6 address in brackets if ports follow) or <c>NAME[:PORT[-PORT]]</c>.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>.</exception>
    public static PolicyRule Parse(string text)
    {
        string destination = text;
        string? ports = null;
        int bracket = text.IndexOf(']', StringComparison.Ordinal);
        int colon = text.LastIndexOf(':');
        if (text.StartsWith('[') && bracket > 0)
        {
            destination = text[1..bracket];
            if (bracket + 1 < text.Length) ports = text[bracket + 1] == ':' ? text[(bracket + 2)..] : throw Wrong(text);
        }
        else if (colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) == colon)
        {
            (destination, ports) = (text[..colon], text[(colon + 1)..]);
        }

        (ushort first, ushort last) = ports is null ? ((ushort)0, ushort.MaxValue) : ParsePorts(text, ports);
        var rule = new PolicyRule { FirstPort = first, LastPort = last };
        if (TryParseNetwork(destination, out IPNetwork network)) return rule with { Network = network };
        string name = destination.TrimEnd('.').ToLowerInvariant();
        string bare = name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name;
        bool isName = bare.Length is > 0 and <= 253 && bare.Split('.').All(l => l.Length is > 0 and <= 63 && l.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) && !char.IsAsciiDigit(bare[^1]);
        return isName ? rule with { Name = name } : throw Wrong(text);
    }

    internal bool Matches(IPAddress address, ushort port) => Network is { } network && MatchesPort(port) && network.Contains(address);

    internal bool MatchesPort(ushort port) => port >= FirstPort && port <= LastPort;

    internal bool MatchesName(string name) => Name is not null && (Name[0] == '*' ? name.EndsWith(Name[1..], StringComparison.Ordinal) : name == Name);

    private static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out IPAddress? address)) return false;
        int most = address.GetAddressBytes().Length * 8;
        int bits = most;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > most)) throw Wrong(text);

        // The network's own address may be any within it.
        byte[] bytes = address.GetAddressBytes();
        for (int i = bits; i < most; i++) bytes[i / 8] &= (byte)~(0x80 >> (i % 8));
        network = new IPNetwork(new IPAddress(bytes), bits);
        return true;
    }

    private static (ushort First, ushort Last) ParsePorts(string text, string ports)
    {
        string[] ends = ports.Split('-');
        if (ends.Length > 2 || !TryParsePort(ends[0], out ushort first) || !TryParsePort(ends[^1], out ushort last) || last < first) throw Wrong(text);
        return (first, last);
    }

    private static bool TryParsePort(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0;

    private static DoppelException Wrong(string text) =>
        new(ErrorKind.Usage, $"'{text}' names no destination", "an address, a network or a name, with ports if not all are meant: 192.0.2.0/24, 192.0.2.1:80-90, [2001:db8::/32]:443, *.example.org:443");
}
