using System.Net.Sockets;
using System.Text.Json;
using Doppel.Backends.Net.Link;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Errors;
using Doppel.Core.Net;
using Doppel.Machine.Named.Control;

namespace Doppel.Machine.Networks;

/// <summary>Lets other processes of the user into the network that this one carries: each connection asks once, or becomes a cable.</summary>
internal sealed class NetworkServer : IAsyncDisposable
{
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(10);
    private readonly VirtualSwitch _switch;
    private readonly NetworkUplink? _uplink;
    private readonly Socket _listener;
    private readonly string _path;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="path">Of the socket; what is there is replaced. The caller holds the network's lock.</param>
    /// <exception cref="SocketException">No socket can be made there.</exception>
    public NetworkServer(string path, VirtualSwitch network, NetworkUplink? uplink)
    {
        _path = path;
        _switch = network;
        _uplink = uplink;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _accepting = AcceptAsync();
    }

    /// <summary>Cuts all cables; their owners will find whoever carries the network next.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        File.Delete(_path);
        await _ending.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] open;
        lock (_lock) open = [.. _connections];
        await Task.WhenAll(open).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            Task connection = ServeAsync(socket);
            lock (_lock) _connections.Add(connection);
            _ = connection.ContinueWith(Forget, TaskScheduler.Default);
        }
    }

    private void Forget(Task connection)
    {
        lock (_lock) _connections.Remove(connection);
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            late.CancelAfter(RequestPatience);
            NetworkRequest request = await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkRequest, late.Token).ConfigureAwait(false);
            switch (request.Verb)
            {
                case NetworkVerb.Status:
                    IReadOnlyList<NetworkLease> leases = _uplink is null ? [] : await _uplink.LeasesAsync().WaitAsync(late.Token).ConfigureAwait(false);
                    await ReplyAsync(stream, new NetworkReply { ProcessId = Environment.ProcessId, Ports = [.. _switch.Ports.Select(Describe)], Leases = leases }).ConfigureAwait(false);
                    break;
                case NetworkVerb.EndConnections:
                    if (MacAddress.TryParse(request.Adapter?.Mac, out MacAddress adapter)) _uplink?.EndConnections(adapter);
                    await ReplyAsync(stream, new NetworkReply()).ConfigureAwait(false);
                    break;
                default:
                    await JoinAsync(socket, stream, request).ConfigureAwait(false);
                    break;
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            // The other side is gone, or talks nonsense: nobody to tell.
        }
    }

    private async Task JoinAsync(Socket socket, NetworkStream stream, NetworkRequest request)
    {
        SwitchPort port;
        try
        {
            port = _switch.AddPort(NetworkPorts.Options(request.Machine ?? "?", request.Adapter ?? new NetworkConfig()));
        }
        catch (DoppelException exception)
        {
            await ReplyAsync(stream, new NetworkReply { Kind = exception.Kind, Error = exception.Message }).ConfigureAwait(false);
            return;
        }

        using (port)
        {
            await ReplyAsync(stream, new NetworkReply { ProcessId = Environment.ProcessId }).ConfigureAwait(false);
            await using var link = new FrameLink(socket, port);
            port.Connect(link);
            using CancellationTokenRegistration end = _ending.Token.Register(socket.Dispose);
            await link.RunAsync().ConfigureAwait(false);
        }
    }

    private static Task ReplyAsync(NetworkStream stream, NetworkReply reply) => ControlLine.WriteAsync(stream, reply, NetworkJson.Default.NetworkReply, CancellationToken.None);

    private NetworkPortStatus Describe(SwitchPort port) => new(
        port.Options.Name,
        port.Options.Vlan,
        [.. _switch.AddressesOf(port).Select(a => a.ToString())],
        port.FramesIn.Value,
        port.BytesIn.Value,
        port.FramesOut.Value,
        port.BytesOut.Value,
        Enum.GetValues<SwitchDrop>().Where(d => port.Drops(d) > 0).ToDictionary(d => d.ToString().ToLowerInvariant(), port.Drops));
}
