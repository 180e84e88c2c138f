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
/// <param name="Rate">Of datagrams, in iperf3's way; 0 is as many as the sender can make. Null is TCP.</param>
internal sealed record NetTest(string Name, Way Way, string? Rate = null)
{
    private const string Steady = "200M", Flood = "0";

    /// <summary>Bytes in a datagram: with its headers a packet of less than 1500 bytes.</summary>
    private const int Datagram = 1400;

    public static IReadOnlyList<NetTest> All { get; } =
    [
        new("host to guest, TCP", Way.HostToGuest),
        new("guest to host, TCP", Way.GuestToHost),
        new("host to guest, UDP", Way.HostToGuest, Steady),
        new("guest to host, UDP", Way.GuestToHost, Steady),
        new("host to guest, flood", Way.HostToGuest, Flood),
        new("guest to host, flood", Way.GuestToHost, Flood),
        new("guest to guest, TCP", Way.GuestToGuest),
        new("guest to guest, UDP", Way.GuestToGuest, Steady),
        new("guest to guest, flood", Way.GuestToGuest, Flood),
    ];

    public bool IsUdp => Rate is not null;

    /// <summary>What iperf3 as the client is told; the server is always a guest.</summary>
    public IReadOnlyList<string> Client(string server, int port, int seconds) =>
    [
        "-c", server, "-p", Number(port), "-t", Number(seconds), "-J", "-i", "0",
        .. Way == Way.GuestToHost ? ["-R"] : Array.Empty<string>(),
        .. Rate is { } rate ? ["-u", "-b", rate, "-l", Number(Datagram)] : Array.Empty<string>(),
    ];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
