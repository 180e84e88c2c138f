using System.Text.Json;
using System.Text.Json.Serialization;

namespace Doppel.Cli.Diagnosis;

/// <summary>How a check of <c>doppel doctor</c> came out.</summary>
[JsonConverter(typeof(CheckStatusConverter))]
internal enum CheckStatus
{
    Ok,

    /// <summary>Works, but not as well as it could.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Failed,
}

/// <summary>One line of <c>doppel doctor</c>.</summary>
/// <param name="Hint">What to do about it; null if there is nothing to do.</param>
internal sealed record Check(string Name, CheckStatus Status, string Detail, string? Hint = null);

internal sealed class CheckStatusConverter() : JsonStringEnumConverter<CheckStatus>(JsonNamingPolicy.CamelCase);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<Check>))]
internal sealed partial class CheckJson : JsonSerializerContext;
