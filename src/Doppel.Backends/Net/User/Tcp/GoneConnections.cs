using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Tcp;

/// <summary>
/// Connections that a guest may believe in although nobody has the other end any more, because it has been set back. A guest that only waits for data would never hear of
/// it: it is asked for a segment of each, a few times, and whatever it answers is a segment of no connection and is refused as every such is.
/// </summary>
/// <param name="resolve">The Ethernet address of a guest; asks for it if it is not known.</param>
internal sealed class GoneConnections(EventLoop loop, GuestLink link, DeadlineQueue deadlines, GatewayLimits limits, TcpWriter writer, Func<Address, MacAddress?> resolve)
{
    private const int MaxProbes = 8;
    private const long FirstPause = 250;

    private readonly Dictionary<FlowKey, Gone> _gone = [];

    /// <summary>Adds a connection, unless there are as many already as there may be that live.</summary>
    public void Add(FlowKey key)
    {
        if (_gone.Count >= limits.TcpConnections) return;
        var gone = new Gone(this, key);
        if (_gone.TryAdd(key, gone)) deadlines.Set(gone, loop.Now);
    }

    /// <summary>The guest has said something of it, and with that is told.</summary>
    public void Remove(in FlowKey key)
    {
        if (_gone.Count > 0 && _gone.Remove(key, out Gone? gone)) deadlines.Set(gone, long.MaxValue);
    }

    private void Ask(Gone gone, long now)
    {
        if (link.Blocked)
        {
            deadlines.Set(gone, now + FirstPause);
            return;
        }

        // Outside its window, a guest answers every segment with what it expects (RFC 9293, section 3.10.7.4). Nobody knows its window any more; of two numbers that are
        // half the space apart at most one is in it, as windows are less than half of that.
        if (resolve(gone.Key.Guest) is { } guest) writer.TrySend(gone.Key, guest, new TcpHeader(gone.Sequence + ((uint)gone.Probes << 31), gone.Sequence, TcpFlags.Ack, 0));
        if (++gone.Probes == MaxProbes) _gone.Remove(gone.Key);
        else deadlines.Set(gone, now + (FirstPause << gone.Probes));
    }

    private sealed class Gone(GoneConnections table, FlowKey key) : Timed
    {
        public FlowKey Key => key;

        public uint Sequence { get; } = (uint)Random.Shared.NextInt64();

        public int Probes { get; set; }

        public override void OnDue(long now) => table.Ask(this, now);
    }
}
