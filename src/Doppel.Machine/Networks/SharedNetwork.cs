using System.Net.Sockets;
using System.Text.Json;
using Doppel.Backends.Net.Link;
using Doppel.Backends.Net.Switch;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Machine.Named.Control;

namespace Doppel.Machine.Networks;

/// <summary>
/// An adapter's place in a network that has a name. The first machine's process carries the network's switch, the others have a cable to it; when that process ends, in
/// whatever way, one of the others takes over within moments, and what was under way is lost as on any network.
/// </summary>
internal sealed class SharedNetwork(NetworkFolder folder, string machine, NetworkConfig config, Action<string> warn) : INetworkBackend, INetworkPort, IAsyncDisposable
{
    /// <summary>Between two attempts to get into the network.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>For a word with the carrier.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The same while the machine stands still for its state to be saved.</summary>
    private static readonly TimeSpan SavePatience = TimeSpan.FromMilliseconds(250);

    /// <summary>Bytes in which connections are named, for which a line has room.</summary>
    private const int MaxConnections = 40_000;

    private readonly Lazy<bool> _hasUplink = new(() => HasUplink(folder));
    private readonly CancellationTokenSource _ending = new();
    private volatile INetworkPort? _way;
    private Task _membership = Task.CompletedTask;
    private string? _warned;

    public event Action? RoomAvailable;

    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;

    /// <summary>Whether frames have a way just now.</summary>
    public bool IsIn => _way is not null;

    public INetworkPort Connect(INetworkPort adapter)
    {
        _membership = Task.Run(() => StayAsync(adapter));
        return this;
    }

    /// <summary>While nobody carries the network, frames are lost.</summary>
    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload) => _way?.TryTake(frame, offload) ?? true;

    /// <summary>Asks the way out, wherever it is; the machine stands still meanwhile, so not for long.</summary>
    public byte[] SaveConnections() =>
        IsIn && _hasUplink.Value ? Task.Run(() => AskAsync(NetworkVerb.SaveConnections, null, SavePatience)).GetAwaiter().GetResult()?.Connections ?? [] : [];

    /// <summary>Tells the way out, wherever it is, as soon as there is one.</summary>
    public void EndConnections(ReadOnlyMemory<byte> saved)
    {
        if (!_hasUplink.Value) return;
        byte[] known = saved[..Math.Min(saved.Length, MaxConnections)].ToArray();
        _ = Task.Run(() => AskAsync(NetworkVerb.EndConnections, known, Patience));
    }

    public async ValueTask DisposeAsync()
    {
        // No timer and no handle is in it: it needs no disposal, and so there may be several of these.
        await _ending.CancelAsync().ConfigureAwait(false);
        await _membership.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task StayAsync(INetworkPort adapter)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                using IDisposable? held = folder.TryTake();
                if (held is not null) await CarryAsync(adapter).ConfigureAwait(false);
                else await JoinAsync(adapter).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException or JsonException or DoppelException or ObjectDisposedException)
            {
                // That nobody answers yet, or any more, is how it is between two carriers.
                if (exception is not (SocketException or EndOfStreamException)) Warn(exception.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            finally
            {
                Take(null);
            }

            await Task.Delay(Pause, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Carries the network until the machine ends.</summary>
    private async Task CarryAsync(INetworkPort adapter)
    {
        var network = new VirtualSwitch();
        NetworkRecord record = folder.Read();
        using NetworkUplink? uplink = record.Uplink is { } settings ? new NetworkUplink(folder, record.Name, settings, network) : null;
        using SwitchPort port = network.AddPort(NetworkPorts.Options(machine, config));
        await using var server = new NetworkServer(folder.Socket, network, uplink);
        port.Connect(adapter);
        Take(port);
        await Task.Delay(Timeout.InfiniteTimeSpan, _ending.Token).ConfigureAwait(false);
    }

    /// <summary>Has a cable to whoever carries the network until one of both ends.</summary>
    private async Task JoinAsync(INetworkPort adapter)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var stream = await ConnectAsync(socket, _ending.Token).ConfigureAwait(false);
        await ControlLine.WriteAsync(stream, new NetworkRequest(NetworkVerb.Join, machine, config), NetworkJson.Default.NetworkRequest, _ending.Token).ConfigureAwait(false);
        NetworkReply reply = await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkReply, _ending.Token).ConfigureAwait(false);
        if (reply.Kind is { } kind) throw new DoppelException(kind, reply.Error ?? "the network refuses the adapter");
        await using var link = new FrameLink(socket, adapter);
        using CancellationTokenRegistration end = _ending.Token.Register(socket.Dispose);
        Take(link);
        await link.RunAsync().ConfigureAwait(false);
    }

    /// <summary>A question to whoever carries the network, again while nobody does.</summary>
    /// <returns>Null if there is no answer in time.</returns>
    private async Task<NetworkReply?> AskAsync(NetworkVerb verb, byte[]? connections, TimeSpan patience)
    {
        try
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            late.CancelAfter(patience);
            while (true)
            {
                try
                {
                    using NetworkStream stream = await ConnectAsync(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), late.Token).ConfigureAwait(false);
                    await ControlLine.WriteAsync(stream, new NetworkRequest(verb, machine, config, connections), NetworkJson.Default.NetworkRequest, late.Token).ConfigureAwait(false);
                    return await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkReply, late.Token).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is SocketException or IOException)
                {
                    // There is no carrier yet, or no more.
                    await Task.Delay(Pause, late.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task<NetworkStream> ConnectAsync(Socket socket, CancellationToken cancel)
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.Socket), cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Take(INetworkPort? way)
    {
        if (_way is { } before) before.RoomAvailable -= OnRoom;
        if (way is not null) way.RoomAvailable += OnRoom;
        _way = way;
        // Who was refused by the old way may try the new one.
        OnRoom();
    }

    private static bool HasUplink(NetworkFolder folder)
    {
        try
        {
            return folder.Read().Uplink is not null;
        }
        catch (Exception exception) when (exception is DoppelException or IOException)
        {
            // It is damaged or gone, and leads nowhere.
            return false;
        }
    }

    private void OnRoom() => RoomAvailable?.Invoke();

    /// <summary>Says the same thing once, not fifty times a second.</summary>
    private void Warn(string message)
    {
        if (message == _warned) return;
        _warned = message;
        warn($"network {config.Name}: {message}");
    }
}
