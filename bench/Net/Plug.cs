using System.Globalization;

namespace Doppel.Bench.Net;

/// <summary>What a guest's adapter is plugged into, as the command lines of both emulators have it.</summary>
/// <param name="Address">The guest's.</param>
internal abstract record Plug(string Address)
{
    /// <summary>Where iperf3 listens, in guests and on the host.</summary>
    public const int Port = 5201;

    public abstract IReadOnlyList<string> Doppel { get; }

    public abstract IReadOnlyList<string> Qemu { get; }
}

/// <summary>The user-mode network: a port of the host leads to the guest's iperf3.</summary>
/// <param name="HostPort">On 127.0.0.1.</param>
internal sealed record UserPlug(int HostPort) : Plug("10.0.2.15")
{
    public override IReadOnlyList<string> Doppel => ["--net", "user", "-p", Forward(""), "-p", Forward("/udp")];

    public override IReadOnlyList<string> Qemu =>
        [.. new[] { "-netdev", $"user,id=net,hostfwd={Hostfwd("tcp")},hostfwd={Hostfwd("udp")}" }, "-device", "virtio-net-device,netdev=net"];

    private string Forward(string protocol) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{HostPort}:{Port}{protocol}");

    private string Hostfwd(string protocol) => string.Create(CultureInfo.InvariantCulture, $"{protocol}:127.0.0.1:{HostPort}-:{Port}");
}

/// <summary>A cable between two guests, each in a process of its own, over Unix sockets: of ours a network with a name.</summary>
/// <param name="Network">Its name.</param>
/// <param name="Socket">The path of QEMU's socket; with a number behind it, if each has one.</param>
/// <param name="Number">1 is there first.</param>
/// <param name="Datagrams">Whether QEMU's has a socket of datagrams for each, <c>-netdev dgram</c>, instead of a stream.</param>
internal sealed record CablePlug(string Network, string Socket, int Number, bool Datagrams) : Plug($"10.9.0.{Number}")
{
    public override IReadOnlyList<string> Doppel => ["--net", Network];

    public override IReadOnlyList<string> Qemu => ["-netdev", Datagrams ? Dgram : Stream, "-device", $"virtio-net-device,netdev=net,mac=52:54:00:00:00:0{Number}"];

    private string Stream => $"stream,id=net,server={(Number == 1 ? "on" : "off")},addr.type=unix,addr.path={Socket}";

    private string Dgram => $"dgram,id=net,local.type=unix,local.path={Socket}.{Number},remote.type=unix,remote.path={Socket}.{3 - Number}";
}
