using System.Net.Sockets;
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

    /// <summary>Cables are cut at once: nothing can keep one longer than this.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private readonly VirtualSwitch _switch;
    private readonly NetworkUplink? _uplink;
    private readonly LocalServer _server;

    /// <param name="path">Of the socket; what is there is replaced. The caller holds the network's lock.</param>
    /// <exception cref="SocketException">No socket can be made there.</exception>
    public NetworkServer(string path, VirtualSwitch network, NetworkUplink? uplink)
    {
        _switch = network;
        _uplink = uplink;
        _server = new LocalServer(path, ServeAsync, EndPatience);
    }

    /// <summary>Cuts all cables; their owners will find whoever carries the network next.</summary>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(Socket socket, CancellationToken ending)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ending);
        late.CancelAfter(RequestPatience);
        NetworkRequest request = await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkRequest, late.Token).ConfigureAwait(false);
        switch (request.Verb)
        {
            case NetworkVerb.Status:
                IReadOnlyList<NetworkLease> leases = _uplink is null ? [] : await _uplink.LeasesAsync().WaitAsync(late.Token).ConfigureAwait(false);
                await ReplyAsync(stream, new NetworkReply { ProcessId = Environment.ProcessId, Ports = [.. _switch.Ports.Select(Describe)], Leases = leases }).ConfigureAwait(false);
                break;
            case NetworkVerb.Capture:
                await ReplyAsync(stream, new NetworkReply()).ConfigureAwait(false);
                await CaptureLink.ServeAsync(stream, _switch.Captures, ending).ConfigureAwait(false);
                break;
            case NetworkVerb.SaveConnections:
                byte[]? known = MacAddress.TryParse(request.Adapter?.Mac, out MacAddress saved) ? _uplink?.SaveConnections(saved) : null;
                await ReplyAsync(stream, new NetworkReply { Connections = known }).ConfigureAwait(false);
                break;
            case NetworkVerb.EndConnections:
                if (MacAddress.TryParse(request.Adapter?.Mac, out MacAddress adapter)) _uplink?.EndConnections(adapter, request.Connections);
                await ReplyAsync(stream, new NetworkReply()).ConfigureAwait(false);
                break;
            default:
                await JoinAsync(socket, stream, request, ending).ConfigureAwait(false);
                break;
        }
    }

    private async Task JoinAsync(Socket socket, NetworkStream stream, NetworkRequest request, CancellationToken ending)
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
            using CancellationTokenRegistration end = ending.Register(socket.Dispose);
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
