using System.Net.Sockets;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Errors;

namespace Doppel.Backends.Net.User;

/// <summary>Judges a configuration.</summary>
internal static class UserNetworkCheck
{
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>.</exception>
    public static void Check(UserNetworkConfig config)
    {
        if (config.Network.BaseAddress.AddressFamily != AddressFamily.InterNetwork || config.Network.PrefixLength is < 8 or > 28)
            throw new DoppelException(ErrorKind.Usage, $"{config.Network} is no network for guests", "an IPv4 network from /8 to /28, such as 10.0.2.0/24");
        if (config.NetworkV6 is { } v6 && (v6.BaseAddress.AddressFamily != AddressFamily.InterNetworkV6 || v6.PrefixLength != 64))
            throw new DoppelException(ErrorKind.Usage, $"{v6} is no IPv6 network for guests", "a /64, such as fd00:1::/64");
        if (config.Domain.Length is 0 or > 63 || !config.Domain.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new DoppelException(ErrorKind.Usage, $"'{config.Domain}' is no domain for guests", "one word of small letters, digits and hyphens");
        foreach (PortForward forward in config.Forwards) Check(config, forward);
    }

    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>.</exception>
    public static void Check(UserNetworkConfig config, PortForward forward)
    {
        if (forward.GuestPort == 0) throw new DoppelException(ErrorKind.Usage, $"{forward}: a guest has no port 0", "a port from 1 to 65535");
        if (forward.GuestAddress is { } guest && !config.IsGuest(Address.From(guest)))
            throw new DoppelException(ErrorKind.Usage, $"{forward}: {guest} is no guest's address in {config.Network}", $"an address such as {config.FirstGuest}, or none for the first guest");
    }
}
