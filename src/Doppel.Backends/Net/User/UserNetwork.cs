using System.Net;
using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Tcp;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User;

/// <summary>An address that a guest has been given.</summary>
/// <param name="HardwareAddress">Of its adapter, as <c>52:54:00:12:34:56</c>.</param>
/// <param name="HostName">What it calls itself; empty if it does not say.</param>
public sealed record GuestLease(string HardwareAddress, IPAddress Address, string HostName);

/// <summary>
/// A way out for guests that needs no rights on the host: a gateway that answers ARP, DHCP, router solicitations, DNS and pings, and turns the guests' TCP and UDP into
/// sockets of this process. See <c>docs/network.md</c>.
/// </summary>
public sealed class UserNetwork : INetworkBackend, INetworkPort, IDisposable
{
    private const int QueueBytes = 1 << 20;

    /// <summary>A frame with a VLAN tag and 64 KiB; what is larger makes no sense.</summary>
    private const int MaxFrame = 18 + 65_535 + IpPacket.HeaderV6;

    private readonly FrameQueue _frames = new(QueueBytes);
    private readonly Gateway _gateway;
    private INetworkPort? _adapter;
    private bool _disposed;

    /// <summary>Opens the forwards and starts the gateway's thread.</summary>
    /// <param name="name">Of the machine or network, for the thread's name.</param>
    /// <param name="time">Where all times come from; null is the system's.</param>
    /// <exception cref="DoppelException">The configuration makes no sense, or a port cannot be had.</exception>
    public UserNetwork(UserNetworkConfig? config = null, string name = "doppel", TimeProvider? time = null)
    {
        Config = config ?? new UserNetworkConfig();
        Config.Check();
        _gateway = new Gateway(Config, time ?? TimeProvider.System, $"{name}-net", _frames, () => RoomAvailable?.Invoke());
        try
        {
            foreach (PortForward forward in Config.Forwards) _gateway.Forwards.Add(forward);
        }
        catch
        {
            _gateway.Close();
            throw;
        }

        _gateway.Loop.Start();
    }

    public event Action? RoomAvailable;

    public UserNetworkConfig Config { get; }

    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    /// <summary>The ports of the host that lead to guests just now.</summary>
    public IReadOnlyList<PortForward> Forwards => _gateway.Forwards.All;

    public IReadOnlyList<Statistic> Statistics => _gateway.Counters.Read();

    /// <summary>Who has which address.</summary>
    public Task<IReadOnlyList<GuestLease>> LeasesAsync() =>
        AskAsync<IReadOnlyList<GuestLease>>(() => [.. _gateway.Leases.All.Select(l => new GuestLease(l.Client.ToString(), l.Address.ToIPAddress(), l.HostName))]);

    /// <summary>How many TCP connections and datagram flows there are.</summary>
    public Task<(int Tcp, int Datagrams)> FlowsAsync() => AskAsync(() => _gateway.FlowCounts);

    /// <summary>The last defect of ours that showed, for tests.</summary>
    internal Exception? LastFault => _gateway.Counters.LastFault;

    public INetworkPort Connect(INetworkPort adapter)
    {
        if (Interlocked.CompareExchange(ref _adapter, adapter, null) is not null) throw new InvalidOperationException("This network has an adapter already.");
        adapter.RoomAvailable += Unblock;
        _gateway.Link.Connect(adapter);
        return this;
    }

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (frame.Length is 0 or > MaxFrame)
        {
            _gateway.Counters.FramesIgnored.Increment();
            return true;
        }

        bool taken = _frames.TryAdd(frame, offload);
        _gateway.Loop.Signal();
        return taken;
    }

    public byte[] SaveConnections() => _gateway.SaveConnections();

    public void EndConnections(ReadOnlyMemory<byte> saved)
    {
        IReadOnlyList<FlowKey> known = SavedConnections.Read(saved.Span, Config.Limits.TcpConnections);
        _gateway.Loop.Post(() => _gateway.Forget(known));
    }

    /// <summary>Names the connections of one of several guests; see <see cref="SaveConnections()"/>.</summary>
    public byte[] SaveConnections(MacAddress guest) => _gateway.SaveConnections(guest);

    /// <summary>One of several guests has been set back, or is another one now; see <see cref="EndConnections(ReadOnlyMemory{byte})"/>. Connections that others have now are left alone.</summary>
    public void EndConnections(MacAddress guest, ReadOnlyMemory<byte> saved)
    {
        IReadOnlyList<FlowKey> known = SavedConnections.Read(saved.Span, Config.Limits.TcpConnections);
        _gateway.Loop.Post(() => _gateway.Forget(guest, known));
    }

    /// <summary>Makes a port of the host lead to a guest.</summary>
    /// <returns>The forward with its port, if any was asked for.</returns>
    /// <exception cref="DoppelException">The port cannot be had, or the forward makes no sense.</exception>
    public PortForward AddForward(PortForward forward) => _gateway.Forwards.Add(forward);

    /// <summary>The port of the host leads nowhere any more; connections that exist go on.</summary>
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.NotFound"/>: there is no such forward.</exception>
    public void RemoveForward(PortForward forward)
    {
        if (!_gateway.Forwards.Remove(forward)) throw new DoppelException(ErrorKind.NotFound, $"no port forward listens on {new IPEndPoint(forward.HostAddress, forward.HostPort)}", "doppel port ls shows which there are");
    }

    /// <summary>Whether the first guest takes TCP connections on a port.</summary>
    /// <param name="patience">How long it may take to answer; it is taken for a no if it does not.</param>
    public async Task<bool> TakesConnectionsAsync(ushort port, TimeSpan patience, CancellationToken cancel = default)
    {
        Task<bool> answer = _gateway.Forwards.ProbeAsync(port);
        return await Task.WhenAny(answer, Task.Delay(patience, cancel)).ConfigureAwait(false) == answer && await answer.ConfigureAwait(false);
    }

    /// <summary>Ends the thread and all connections.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_adapter is { } adapter) adapter.RoomAvailable -= Unblock;
        _gateway.Loop.Dispose();
        _gateway.Close();
    }

    private void Unblock()
    {
        _gateway.Link.Unblock();
        _gateway.Loop.Signal();
    }

    private Task<T> AskAsync<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _gateway.Loop.Post(() => answer.SetResult(question()));
        return answer.Task;
    }
}
