using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Policy;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Net;
using Doppel.Fuzz.Inputs;

namespace Doppel.Fuzz.Net;

/// <summary>
/// A hostile guest on a whole gateway: random and damaged frames, and TCP segments with every odd flag around connections that are open. Afterwards, and now and then in
/// between, the gateway must answer a ping, hold no more than its limits, have had no fault, and use no more memory than before.
/// </summary>
internal sealed class GatewayRun : INetworkPort
{
    private const int FramesPerRound = 20_000;
    private const long MaxGrowth = 512L << 20;
    private static readonly MacAddress Gateway = new(0x5255_0a00_0202);
    private static readonly MacAddress Own = new(0x5254_0012_3456);
    private static readonly GatewayLimits Limits = new() { TcpConnections = 200, TcpConnecting = 100, DatagramFlows = 100 };
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly ushort _port;
    private readonly uint[] _sequences = new uint[64];
    private readonly uint[] _acknowledgements = new uint[64];
    private volatile int _pongs;
    private int _frames;

    private GatewayRun(ulong seed, ushort port)
    {
        _random = new Random(unchecked((int)seed));
        _mutator = new Mutator(_random);
        _port = port;
    }

    public event Action? RoomAvailable;

    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    public static (long Tried, string? Finding) Run(ulong seed, TimeSpan time)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        _ = ServeAsync(server);
        var run = new GatewayRun(seed, (ushort)((IPEndPoint)server.LocalEndpoint).Port);
        var config = new UserNetworkConfig
        {
            Limits = Limits,
            ResolverFile = "/nonexistent",
            Policy = new NetworkPolicy { Restrict = true, Allow = [PolicyRule.Parse($"10.0.2.2:{run._port}"), PolicyRule.Parse("10.0.2.2:9")] },
        };
        using var network = new UserNetwork(config, "fuzz");
        INetworkPort gateway = network.Connect(run);
        long start = Stopwatch.GetTimestamp();
        long memory = long.MaxValue;
        long tried = 0;
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            for (int i = 0; i < FramesPerRound; i++, tried++)
            {
                byte[] frame = run.Frame();
                var offload = new FrameOffload { NeedsChecksum = run._random.Next(4) > 0 };
                while (!gateway.TryTake(frame, offload)) Thread.Yield();
            }

            if (run.Check(network, gateway, ref memory) is { } finding) return (tried, finding);
        }

        return (tried, null);
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        // Now and then there is no room for a while.
        if (++_frames % 1000 == 0)
        {
            ThreadPool.QueueUserWorkItem(_ => RoomAvailable?.Invoke());
            return false;
        }

        if (frame[12] != 8 || frame[13] != 0 || !IpPacket.TryReadV4(frame[14..], out IpPacket packet)) return true;
        if (packet is { Protocol: IpProtocol.Icmp, Payload: [0, 0, _, _, 0x77, 0x77, ..] }) _pongs++;
        if (packet.Protocol != IpProtocol.Tcp || !TcpSegment.TryRead(packet.Payload, out TcpSegment segment)) return true;
        _sequences[segment.DestinationPort & 63] = segment.Sequence + segment.Length;
        _acknowledgements[segment.DestinationPort & 63] = segment.Acknowledgement;
        return true;
    }

    /// <summary>Takes everything, answers some of it, and closes in all ways.</summary>
    private static async Task ServeAsync(TcpListener server)
    {
        var random = new Random(1);
        try
        {
            while (true)
            {
                Socket socket = await server.AcceptSocketAsync().ConfigureAwait(false);
                int manner = random.Next(4);
                _ = Task.Run(async () =>
                {
                    using (socket)
                    {
                        byte[] buffer = new byte[100_000];
                        if (manner > 0) await socket.SendAsync(buffer.AsMemory(0, manner * 30_000)).ConfigureAwait(false);
                        if (manner == 1) socket.LingerState = new LingerOption(true, 0);
                        if (manner == 2) socket.Shutdown(SocketShutdown.Send);
                        while (manner > 1 && await socket.ReceiveAsync(buffer).ConfigureAwait(false) > 0)
                        {
                            // What a hostile guest says is of no interest.
                        }
                    }
                });
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private byte[] Frame() => _random.Next(10) switch
    {
        0 => RandomBytes(_random.Next(1, 200)),
        1 => Ethernet(EtherType.Arp, _mutator.Mutate(WireTargets.Arp())),
        2 => Ethernet(EtherType.Ipv4, WireTargets.Udp("10.0.2.15", "10.0.2.3", _mutator.Mutate(WireTargets.Query()))),
        3 => Ethernet(EtherType.Ipv4, WireTargets.Udp("0.0.0.0", "255.255.255.255", _mutator.Mutate(WireTargets.Dhcp()), 67)),
        4 => Ethernet(EtherType.Ipv6, _mutator.Mutate(WireTargets.Packet("fe80::1", "ff02::1", IpProtocol.IcmpV6, [(byte)_random.Next(133, 138), 0, 0, 0, .. RandomBytes(28)]))),
        5 => Ethernet(EtherType.Ipv4, Fragment()),
        6 => Ethernet(EtherType.Ipv4, WireTargets.Udp("10.0.2.15", "10.0.2.2", RandomBytes(_random.Next(100)), 9)),
        _ => Ethernet(EtherType.Ipv4, WireTargets.Packet("10.0.2.15", "10.0.2.2", IpProtocol.Tcp, Segment())),
    };

    /// <summary>A segment of one of a few connections, near what the gateway expects, with flags and window at random.</summary>
    private byte[] Segment()
    {
        int slot = _random.Next(64);
        byte[] segment = [.. WireTargets.Tcp(), .. RandomBytes(_random.Next(3) == 0 ? _random.Next(1400) : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)(40_000 / 64 * 64 + slot));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), _random.Next(50) == 0 ? (ushort)_random.Next(65_536) : _port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), _acknowledgements[slot] + Near());
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), _sequences[slot] + Near());
        segment[13] = _random.Next(4) switch
        {
            0 => (byte)TcpFlags.Syn,
            1 => (byte)_random.Next(256),
            _ => (byte)TcpFlags.Ack,
        };
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), _random.Next(3) == 0 ? (ushort)0 : (ushort)_random.Next(65_536));
        if (_random.Next(8) == 0) segment[12] = (byte)_random.Next(256);
        if (_random.Next(8) == 0) _random.NextBytes(segment.AsSpan(20, 12));
        return segment;
    }

    private uint Near() => _random.Next(4) switch
    {
        0 => unchecked((uint)_random.Next(-70_000, 70_000)),
        1 => unchecked((uint)_random.Next(-2, 3)),
        _ => 0,
    };

    private byte[] Fragment()
    {
        byte[] packet = WireTargets.Udp("10.0.2.15", "10.0.2.2", RandomBytes(_random.Next(200) & ~7));
        int offset = _random.Next(4) == 0 ? _random.Next(8192) : _random.Next(8);
        IpWriter.WriteIp(packet, Address.ReadV4(packet.AsSpan(12)), Address.ReadV4(packet.AsSpan(16)), IpProtocol.Udp, packet.Length - 20, (ushort)_random.Next(20), (ushort)(offset | (_random.Next(2) << 13)));
        return packet;
    }

    private byte[] Ethernet(ushort type, byte[] packet)
    {
        byte[] frame = new byte[14 + packet.Length];
        IpWriter.WriteEthernet(frame, _random.Next(20) == 0 ? MacAddress.Broadcast : Gateway, Own, type);
        packet.CopyTo(frame, 14);
        return frame;
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private string? Check(UserNetwork network, INetworkPort gateway, ref long memory)
    {
        int before = _pongs;
        byte[] ping = Ethernet(EtherType.Ipv4, WireTargets.Packet("10.0.2.15", "10.0.2.2", IpProtocol.Icmp, [8, 0, 0, 0, 0x77, 0x77, 0, 1]));
        Gateway.Write(ping);
        for (int tries = 0; _pongs == before; tries++)
        {
            if (tries == 200) return "the gateway answers no ping any more";
            gateway.TryTake(ping, new FrameOffload { ChecksumValid = true });
            Thread.Sleep(50);
        }

        (int tcp, int datagrams) = network.FlowsAsync().GetAwaiter().GetResult();
        if (tcp > Limits.TcpConnections || datagrams > Limits.DatagramFlows) return $"there are {tcp} connections and {datagrams} flows";
        if (network.Statistics.First(s => s.Name == "faults").Value is > 0 and long faults) return $"{faults} faults: {network.LastFault}";
        long now = GC.GetTotalMemory(forceFullCollection: true);
        if (memory == long.MaxValue) memory = now;
        return now - memory > MaxGrowth ? $"memory has grown by {(now - memory) >> 20} MiB" : null;
    }
}
