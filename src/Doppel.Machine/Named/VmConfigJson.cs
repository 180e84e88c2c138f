using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Doppel.Machine.Named;

/// <summary>
/// Reads records that have a configuration in them. What a configuration does not say has its usual value: those that an earlier version wrote do not know all settings, and the parser
/// itself would leave them null or zero.
/// </summary>
internal static class VmConfigJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <param name="path">The names of the properties that lead to the configuration.</param>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> text, JsonTypeInfo<T> type, params ReadOnlySpan<string> path)
    {
        try
        {
            JsonNode? root = JsonNode.Parse(text, documentOptions: Strict);
            JsonNode? config = root;
            foreach (string name in path) config = (config as JsonObject)?[name];
            if (config is JsonObject known) Complete(known);
            return (root is null ? default : root.Deserialize(type)) ?? throw new JsonException("it says null");
        }
        catch (InvalidOperationException exception)
        {
            // Text that is no text is found only when somebody looks at it.
            throw new JsonException(exception.Message, exception);
        }
    }

    private static void Complete(JsonObject config)
    {
        // One adapter, for the settings of all.
        var usual = (JsonObject)JsonSerializer.SerializeToNode(new VmConfig { Networks = [new NetworkConfig { User = new UserNetworkSettings() }] }, RecordJson.Default.VmConfig)!;
        var adapter = (JsonObject)usual["networks"]![0]!;
        usual["networks"] = new JsonArray();
        Complete(config, usual);
        foreach (JsonObject network in (config["networks"] as JsonArray ?? []).OfType<JsonObject>())
        {
            // Without settings of its own it has none.
            if (!network.ContainsKey("user")) network["user"] = null;
            Complete(network, adapter);
        }
    }

    private static void Complete(JsonObject known, JsonObject usual)
    {
        foreach ((string name, JsonNode? value) in usual.ToArray())
        {
            if (!known.TryGetPropertyValue(name, out JsonNode? said)) known[name] = value?.DeepClone();
            else if (said is JsonObject inner && value is JsonObject usualInner) Complete(inner, usualInner);
        }
    }
}
