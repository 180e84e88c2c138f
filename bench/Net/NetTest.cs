using System.Globalization;

namespace Doppel.Bench.Net;

/// <summary>Between whom, and in which direction.</summary>
internal enum Way
{
    HostToGuest,
    GuestToHost,
    GuestToGuest,
}

/// <summary>One line of the table: a stream of bytes, or of datagrams.</summary>
internal sealed record NetTest(string Name, Way Way, bool Udp)
{
    /// <summary>Bytes in a datagram: with its headers a packet of less than 1500 bytes.</summary>
    private const int Datagram = 1400;

    public static IReadOnlyList<NetTest> All { get; } =
    [
        new("host to guest, TCP", Way.HostToGuest, false),
        new("guest to host, TCP", Way.GuestToHost, false),
        new("host to guest, UDP", Way.HostToGuest, true),
        new("guest to host, UDP", Way.GuestToHost, true),
        new("guest to guest, TCP", Way.GuestToGuest, false),
        new("guest to guest, UDP", Way.GuestToGuest, true),
    ];

    public int DatagramLength => Udp ? Datagram : 0;

    /// <summary>What iperf3 as the client is told; the server is always a guest.</summary>
    public IReadOnlyList<string> Client(string server, int port, int seconds) =>
    [
        "-c", server, "-p", Number(port), "-t", Number(seconds), "-J", "-i", "0",
        .. Way == Way.GuestToHost ? ["-R"] : Array.Empty<string>(),
        // As much as there is room for: what is too much is lost, and counts for nothing.
        .. Udp ? ["-u", "-b", "0", "-l", Number(Datagram)] : Array.Empty<string>(),
    ];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
