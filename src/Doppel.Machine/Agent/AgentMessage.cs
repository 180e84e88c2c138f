// QEMU guest agent protocol (QEMU 10.0, docs/interop/qemu-ga-ref): the messages that we use.
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Doppel.Machine.Agent;

/// <summary>The arguments of all requests; each has some of them.</summary>
internal sealed record AgentArguments
{
    public long? Id { get; init; }

    public long? Pid { get; init; }

    public string? Path { get; init; }

    public IReadOnlyList<string>? Arg { get; init; }

    public IReadOnlyList<string>? Env { get; init; }

    public bool? CaptureOutput { get; init; }

    public string? Mode { get; init; }

    public long? Handle { get; init; }

    public int? Count { get; init; }

    [JsonPropertyName("buf-b64")]
    public byte[]? Data { get; init; }

    public string? Username { get; init; }

    public IReadOnlyList<string>? Keys { get; init; }
}

internal sealed record AgentRequest(string Execute, AgentArguments? Arguments);

/// <summary>A process that the agent has started.</summary>
internal sealed record AgentProcess(long Pid);

internal sealed record AgentProcessStatus
{
    public bool Exited { get; init; }

    public long? Exitcode { get; init; }

    public long? Signal { get; init; }

    [JsonPropertyName("out-data")]
    public byte[]? Output { get; init; }

    [JsonPropertyName("err-data")]
    public byte[]? Error { get; init; }

    /// <summary>As shells say it: the exit code, or 128 and the signal.</summary>
    public int Code => (int)(Signal is { } signal ? 128 + (signal & 127) : (Exitcode ?? 0) & 255);
}

internal sealed record AgentFileRead
{
    [JsonPropertyName("buf-b64")]
    public byte[]? Data { get; init; }
}

internal sealed record AgentFileWrite(long Count);

/// <summary>What a guest agent says of itself.</summary>
public sealed record GuestAgentInfo(string Version, [property: JsonPropertyName("supported_commands")] IReadOnlyList<GuestAgentCommand> SupportedCommands);

/// <summary>Something that a guest agent can do, if its guest has not forbidden it.</summary>
public sealed record GuestAgentCommand(string Name, bool Enabled);

/// <summary>The agent understood, and says that it cannot.</summary>
internal sealed class AgentError(string message) : Exception(message);

internal static class AgentMessage
{
    private const int MaxDepth = 16;
    private const int MaxText = 200;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth };

    public static byte[] Request(string command, AgentArguments? arguments) => JsonSerializer.SerializeToUtf8Bytes(new AgentRequest(command, arguments), AgentJson.Default.AgentRequest);

    /// <summary>What a reply returns.</summary>
    /// <exception cref="AgentError">It is an error.</exception>
    /// <exception cref="JsonException">It is no reply.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> line)
    {
        using JsonDocument document = JsonDocument.Parse(line, Strict);
        if (document.RootElement is { ValueKind: JsonValueKind.Object } root)
        {
            if (root.TryGetProperty("return", out JsonElement value)) return value.Clone();
            if (root.TryGetProperty("error", out JsonElement error)) throw new AgentError(Text(error));
        }

        throw new JsonException("it is no reply");
    }

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte})"/>
    public static T Parse<T>(ReadOnlyMemory<byte> line, JsonTypeInfo<T> type)
    {
        try
        {
            return Parse(line).Deserialize(type) ?? throw new JsonException("it says null");
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            // Text that is none is found only when somebody looks at it.
            throw new JsonException(exception.Message, exception);
        }
    }

    /// <summary>What a guest says, as it may be shown: one line, not too long, and nothing that a terminal would obey.</summary>
    public static string Plain(string text) => string.Concat(text.Take(MaxText).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)).Trim().TrimEnd('.');

    private static string Text(JsonElement error)
    {
        try
        {
            return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("desc", out JsonElement text) && text.ValueKind == JsonValueKind.String ? Plain(text.GetString()!) : "it does not say why";
        }
        catch (InvalidOperationException)
        {
            return "what it says is no text";
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 16)]
[JsonSerializable(typeof(AgentRequest))]
[JsonSerializable(typeof(AgentProcess))]
[JsonSerializable(typeof(AgentProcessStatus))]
[JsonSerializable(typeof(AgentFileRead))]
[JsonSerializable(typeof(AgentFileWrite))]
[JsonSerializable(typeof(GuestAgentInfo))]
[JsonSerializable(typeof(long))]
internal sealed partial class AgentJson : JsonSerializerContext;
