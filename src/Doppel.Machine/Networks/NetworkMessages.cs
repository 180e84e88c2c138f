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
}

/// <summary>A line of JSON from a machine's process, or from whoever looks.</summary>
internal sealed record NetworkRequest(NetworkVerb Verb, string? Machine = null, NetworkConfig? Adapter = null);

/// <summary>A line of JSON from the process that carries the network.</summary>
internal sealed record NetworkReply
{
    public int ProcessId { get; init; }

    public IReadOnlyList<NetworkPortStatus> Ports { get; init; } = [];

    /// <summary>What went wrong, with <see cref="Error"/>.</summary>
    public ErrorKind? Kind { get; init; }

    public string? Error { get; init; }
}

/// <summary>What is kept of a network: <c>network.json</c> in its folder.</summary>
internal sealed record NetworkRecord(int Format, string Name, DateTimeOffset Created)
{
    public const int CurrentFormat = 1;
}

/// <summary>An adapter that is plugged into a network.</summary>
/// <param name="Machine">Whose it is.</param>
/// <param name="Addresses">From which frames came lately.</param>
/// <param name="Dropped">Frames that did not pass, by reason.</param>
public sealed record NetworkPortStatus(
    string Machine, ushort Vlan, IReadOnlyList<string> Addresses, long FramesIn, long BytesIn, long FramesOut, long BytesOut, IReadOnlyDictionary<string, long> Dropped);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NetworkRequest))]
[JsonSerializable(typeof(NetworkReply))]
[JsonSerializable(typeof(NetworkRecord))]
internal sealed partial class NetworkJson : JsonSerializerContext;
