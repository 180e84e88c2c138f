using System.Net.Sockets;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine.Named;
using Doppel.Machine.Named.Control;

namespace Doppel.Machine.Networks;

/// <summary>What a network is, and who is plugged in.</summary>
/// <param name="ProcessId">The process that carries it; 0 while no machine is plugged in.</param>
/// <param name="Uplink">What its way out is like; null if it leads nowhere.</param>
/// <param name="Leases">The addresses that the way out has given.</param>
public sealed record NetworkStatus(string Name, DateTimeOffset Created, int ProcessId, IReadOnlyList<NetworkPortStatus> Ports, UserNetworkSettings? Uplink, IReadOnlyList<NetworkLease> Leases)
{
    /// <summary>How many machines' adapters are plugged in.</summary>
    public int Machines => Ports.Count(p => p.Machine != NetworkUplink.PortName);
}

/// <summary>The networks that have names: each a folder, and, while machines are plugged in, a switch in the process of one of them. Thread-safe, between processes too.</summary>
public sealed class NetworkStore
{
    private const int MaxNameLength = 64;
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(10);
    private static readonly string[] Reserved = ["none", "user", "host", "tap"];
    private readonly string _networks;

    /// <param name="folder">Where machines and networks are kept, instead of the usual place (DOPPEL_STATE, XDG_STATE_HOME/doppel, ~/.local/state/doppel).</param>
    public NetworkStore(string? folder = null) => _networks = Path.Combine(folder ?? MachineStore.DefaultFolder(Environment.GetEnvironmentVariable), "networks");

    /// <summary>Whether a network can have this name.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c)) && !Reserved.Contains(name);

    /// <summary>Makes a network.</summary>
    /// <param name="uplink">What its way out is like; null for a network that leads nowhere.</param>
    /// <exception cref="DoppelException">The name is none or taken, the way out makes no sense, or the host cannot keep it.</exception>
    public void Create(string name, UserNetworkSettings? uplink = null)
    {
        if (uplink is { Forwards.Count: > 0 }) throw new DoppelException(ErrorKind.Usage, $"network {name}: a way out for several machines has no port forwards", "a machine with an adapter of its own on --net user");
        uplink?.Read().Check();
        if (!IsName(name)) throw new DoppelException(ErrorKind.Usage, $"'{name}' is no name for a network", $"1 to {MaxNameLength} letters, digits, '.', '_' or '-', a letter or a digit first, and not {string.Join(", ", Reserved)}");
        NetworkFolder folder = Folder(name);
        if (folder.Exists) throw new DoppelException(ErrorKind.WrongState, $"there is a network '{name}' already", $"another name, or doppel net rm {name}");
        try
        {
            // The user's alone: whoever can reach the socket can send and hear.
            PrivateFolder.Create(Path.GetDirectoryName(_networks)!);
            PrivateFolder.Create(_networks);
            PrivateFolder.Create(folder.Path);
            folder.Write(new NetworkRecord(NetworkRecord.CurrentFormat, name, TimeProvider.System.GetUtcNow(), uplink));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(exception is IOException ? ErrorKind.Failed : ErrorKind.Denied, $"network {name}: cannot be kept in {_networks}: {exception.Message.TrimEnd('.')}", "set DOPPEL_STATE to a directory that can be written", exception);
        }
    }

    /// <summary>The names of all networks.</summary>
    public IReadOnlyList<string> List() =>
        Directory.Exists(_networks) ? [.. Directory.GetDirectories(_networks).Where(d => new NetworkFolder(d).Exists).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)] : [];

    /// <summary>What a network is, and who is plugged in now.</summary>
    /// <exception cref="DoppelException">There is none of that name, or it is damaged.</exception>
    public async Task<NetworkStatus> LookAsync(string name, CancellationToken cancel = default)
    {
        NetworkFolder folder = Get(name);
        NetworkRecord record = folder.Read();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(LookPatience);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.Socket), limit.Token).ConfigureAwait(false);
            using var stream = new NetworkStream(socket);
            await ControlLine.WriteAsync(stream, new NetworkRequest(NetworkVerb.Status), NetworkJson.Default.NetworkRequest, limit.Token).ConfigureAwait(false);
            NetworkReply reply = await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkReply, limit.Token).ConfigureAwait(false);
            return new NetworkStatus(name, record.Created, reply.ProcessId, reply.Ports, record.Uplink, reply.Leases);
        }
        catch (Exception exception) when (exception is SocketException or IOException or JsonException || (exception is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new NetworkStatus(name, record.Created, 0, [], record.Uplink, []);
        }
    }

    /// <summary>Records all frames that the network's machines send, in the pcap format, until <paramref name="cancel"/> is cancelled, whoever carries the network ends or the output takes no more.</summary>
    /// <param name="open">Opens the output when it begins; it is disposed of in the end.</param>
    /// <returns>How many frames there were.</returns>
    /// <exception cref="DoppelException">There is none of that name, or no machine is plugged in.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public async Task<long> CaptureAsync(string name, Func<Stream> open, CancellationToken cancel = default)
    {
        NetworkFolder folder = Get(name);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        NetworkStream stream;
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.Socket), cancel).ConfigureAwait(false);
            stream = new NetworkStream(socket);
            await ControlLine.WriteAsync(stream, new NetworkRequest(NetworkVerb.Capture), NetworkJson.Default.NetworkRequest, cancel).ConfigureAwait(false);
            _ = await ControlLine.ReadAsync(stream, NetworkJson.Default.NetworkReply, cancel).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or IOException or JsonException)
        {
            throw new DoppelException(ErrorKind.WrongState, $"network {name}: no machine is plugged in", $"doppel create --net {name}", exception);
        }

        await using (stream.ConfigureAwait(false)) return await CaptureLink.ReceiveAsync(stream, open, cancel).ConfigureAwait(false);
    }

    /// <summary>Deletes a network that no machine is plugged into.</summary>
    /// <exception cref="DoppelException">There is none of that name, or it is in use.</exception>
    public void Remove(string name)
    {
        NetworkFolder folder = Get(name);
        using (folder.TryTake() ?? throw new DoppelException(ErrorKind.WrongState, $"network {name}: machines are plugged in", $"doppel net inspect {name} shows them")) Directory.Delete(folder.Path, recursive: true);
    }

    /// <exception cref="DoppelException">There is none of that name.</exception>
    internal NetworkFolder Get(string name) =>
        IsName(name) && Folder(name) is { Exists: true } folder ? folder : throw new DoppelException(ErrorKind.NotFound, $"there is no network '{name}'", $"doppel net create {name}");

    private NetworkFolder Folder(string name) => new(Path.Combine(_networks, name));
}
