using System.Text.Json.Serialization;
using Doppel.Core.Errors;

namespace Doppel.Machine.Networks;

/// <summary>What can be asked of the process that carries a network.</summary>
internal enum NetworkVerb
{
    /// <summary>What is plugged in.</summary>
    Status,

    /// <summary>The connection becomes the cable of an adapter.</summary>
    Join,

    /// <summary>A record of all frames follows, as long as the client reads: <see cref="CaptureLink"/>.</summary>
    Capture,

    /// <summary>What the way out knows of the connections of the guest behind an adapter, which is being saved.</summary>
    SaveConnections,

    /// <summary>The guest behind an adapter has been set back, or is another one now: what the way out remembers of its connections no longer fits.</summary>
    EndConnections,
}

/// <summary>A line of JSON from a machine's process, or from whoever looks.</summary>
/// <param name="Connections">With <see cref="NetworkVerb.EndConnections"/>: those that were saved with the guest.</param>
internal sealed record NetworkRequest(NetworkVerb Verb, string? Machine = null, NetworkConfig? Adapter = null, byte[]? Connections = null);

/// <summary>A line of JSON from the process that carries the network.</summary>
internal sealed record NetworkReply
{
    public int ProcessId { get; init; }

    public IReadOnlyList<NetworkPortStatus> Ports { get; init; } = [];

    /// <summary>What the way out has given to guests, if there is one.</summary>
    public IReadOnlyList<NetworkLease> Leases { get; init; } = [];

    /// <summary>The answer to <see cref="NetworkVerb.SaveConnections"/>.</summary>
    public byte[]? Connections { get; init; }

    /// <summary>What went wrong, with <see cref="Error"/>.</summary>
    public ErrorKind? Kind { get; init; }

    public string? Error { get; init; }
}

/// <summary>What is kept of a network: <c>network.json</c> in its folder.</summary>
/// <param name="Uplink">Its way out; null if it leads nowhere.</param>
internal sealed record NetworkRecord(int Format, string Name, DateTimeOffset Created, UserNetworkSettings? Uplink = null)
{
    public const int CurrentFormat = 1;
}

/// <summary>An adapter that is plugged into a network.</summary>
/// <param name="Machine">Whose it is.</param>
/// <param name="Addresses">From which frames came lately.</param>
/// <param name="Dropped">Frames that did not pass, by reason.</param>
public sealed record NetworkPortStatus(
    string Machine, ushort Vlan, IReadOnlyList<string> Addresses, long FramesIn, long BytesIn, long FramesOut, long BytesOut, IReadOnlyDictionary<string, long> Dropped);

/// <summary>An address that the network's way out has given to an adapter.</summary>
/// <param name="Name">What it answers to in the network's domain; empty for nothing.</param>
public sealed record NetworkLease(string Adapter, string Address, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NetworkRequest))]
[JsonSerializable(typeof(NetworkReply))]
[JsonSerializable(typeof(NetworkRecord))]
internal sealed partial class NetworkJson : JsonSerializerContext;
