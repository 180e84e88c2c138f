using Doppel.Backends.Net.User;
using Doppel.Backends.Net.User.Dns;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Tests.Unit.Backends.Net.User;

public sealed class WireTests
{
    [Theory]
    [InlineData(0, 10, 5)]
    [InlineData(8, 16, 8)]
    public void Fragments_that_overlap_spoil_their_packet(int firstLength, int secondLength, int secondOffset)
    {
        var reassembly = new Reassembly();
        firstLength = Math.Max(firstLength, 8);
        Assert.False(reassembly.TryComplete(Piece(0, firstLength, true), 0, out _));
        Assert.False(reassembly.TryComplete(Piece(secondOffset / 8 * 8 - (secondOffset == 5 ? 0 : 8), secondLength / 8 * 8, true), 0, out _));
        Assert.False(reassembly.TryComplete(Piece(firstLength, 8, false), 0, out _));
    }

    [Fact]
    public void Fragments_in_any_order_make_their_packet()
    {
        var reassembly = new Reassembly();
        Assert.False(reassembly.TryComplete(Piece(16, 5, false), 0, out _));
        Assert.False(reassembly.TryComplete(Piece(0, 8, true), 0, out _));
        Assert.True(reassembly.TryComplete(Piece(8, 8, true), 0, out byte[] whole));
        Assert.Equal(21, whole.Length);
        Assert.Equal(0, reassembly.Count);
    }

    [Fact]
    public void Fragments_without_end_are_bounded_in_number_and_time()
    {
        var reassembly = new Reassembly();
        for (uint id = 0; id < 1000; id++) reassembly.TryComplete(Piece(0, 1400, true, id), 0, out _);
        Assert.Equal(Reassembly.MaxPackets, reassembly.Count);
        reassembly.TryComplete(Piece(0, 8, true), Reassembly.TimeoutMilliseconds + 1, out _);
        Assert.Equal(1, reassembly.Count);
    }

    [Fact]
    public void Ring_keeps_order_while_it_grows_and_wraps()
    {
        using var ring = new ByteRing();
        var random = new Random(1);
        var expected = new Queue<byte>();
        for (int i = 0; i < 2000; i++)
        {
            byte[] add = TcpTests.Bytes(random.Next(3000), i);
            ring.Add(add);
            foreach (byte b in add) expected.Enqueue(b);
            byte[] take = new byte[random.Next(Math.Min(ring.Count, 3200) + 1)];
            ring.CopyTo(0, take);
            ring.Consume(take.Length);
            Assert.Equal(take.Select(_ => expected.Dequeue()).ToArray(), take);
        }
    }

    [Fact]
    public void Frame_queue_gives_frames_back_in_order_and_refuses_when_full()
    {
        var queue = new FrameQueue(10_000);
        var random = new Random(2);
        var expected = new Queue<byte[]>();
        bool refused = false;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = TcpTests.Bytes(1 + random.Next(1500), i);
            if (random.Next(3) > 0)
            {
                if (queue.TryAdd(frame, new FrameOffload { SegmentSize = (ushort)i })) expected.Enqueue(frame);
                else refused = true;
            }
            else if (queue.TryPeek(out ReadOnlySpan<byte> oldest, out _))
            {
                Assert.Equal(expected.Dequeue(), oldest.ToArray());
                queue.Release();
            }
        }

        Assert.True(refused);
        Assert.True(expected.Sum(f => f.Length) <= 10_000);
    }

    [Fact]
    public void Retransmission_timer_follows_the_round_trip_and_backs_off()
    {
        var timer = new RetransmissionTimer();
        Assert.Equal(1000, timer.Timeout);
        timer.Sample(2000);
        Assert.Equal(6000, timer.Timeout);
        timer.Backoff();
        Assert.Equal(12_000, timer.Timeout);
        for (int i = 0; i < 10; i++) timer.Backoff();
        Assert.Equal(60_000, timer.Timeout);
        timer.Progress();
        Assert.Equal(6000, timer.Timeout);
        for (int i = 0; i < 100; i++) timer.Sample(10);
        Assert.Equal(1000, timer.Timeout);
    }

    [Fact]
    public void Congestion_window_halves_after_three_duplicates_and_recovers()
    {
        var window = new CongestionWindow(1000, 100_000);
        for (int i = 0; i < 10; i++) window.Acknowledged(4000, 0);
        Assert.Equal(50_000, window.Bytes);
        Assert.False(window.Duplicate(40_000, 99));
        Assert.False(window.Duplicate(40_000, 99));
        Assert.True(window.Duplicate(40_000, 99));
        Assert.Equal(23_000, window.Bytes);
        Assert.True(window.Acknowledged(1000, 50));
        Assert.False(window.Acknowledged(30_000, 99));
        Assert.Equal(20_000, window.Bytes);
    }

    [Fact]
    public void Deadlines_that_move_away_are_called_once_when_due()
    {
        var queue = new DeadlineQueue();
        var timed = new Probe();
        queue.Set(timed, 10);
        queue.Set(timed, 100);
        queue.RunDue(50);
        Assert.Equal(0, timed.Calls);
        queue.Set(timed, 60);
        queue.RunDue(60);
        queue.RunDue(200);
        Assert.Equal(1, timed.Calls);
        Assert.Equal(long.MaxValue, queue.Next);
    }

    [Fact]
    public void Resolver_file_is_read()
    {
        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:53"], HostResolvers.Parse("# x\nnameserver 192.0.2.1\nsearch a\nnameserver\t2001:db8::1 \nnameserver nonsense\n").Select(s => s.ToString()));
    }

    [Theory]
    [InlineData("10.0.2.0/29", "fec0::/64", "doppel")]
    [InlineData("10.0.2.0/24", "fec0::/48", "doppel")]
    [InlineData("10.0.2.0/24", "fec0::/64", "a.b")]
    public void Configuration_that_makes_no_sense_is_refused(string network, string networkV6, string domain)
    {
        var config = new UserNetworkConfig { Network = System.Net.IPNetwork.Parse(network), NetworkV6 = System.Net.IPNetwork.Parse(networkV6), Domain = domain };
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DoppelException>(() => new UserNetwork(config)).Kind);
    }

    private static IpPacket Piece(int offset, int length, bool more, uint id = 1)
    {
        byte[] bytes = new byte[20 + length];
        IpWriter.WriteIp(bytes, FakeGuest.At("10.0.2.15"), FakeGuest.At("10.0.2.2"), 17, length, (ushort)id, (ushort)(offset / 8 | (more ? 0x2000 : 0)));
        Assert.True(IpPacket.TryReadV4(bytes, out IpPacket packet));
        return packet;
    }

    private sealed class Probe : Timed
    {
        public int Calls { get; private set; }

        public override void OnDue(long now) => Calls++;
    }
}
