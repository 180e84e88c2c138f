using System.Globalization;
using System.Text.Json.Serialization;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Machine.Portable;

namespace Doppel.Cli.Portable;

/// <summary>Lists what is in a file of a saved machine.</summary>
internal static class SavedObjects
{
    public static void Write(CommandContext context, string? format, IReadOnlyList<SavedObject> objects) => Listing.Write(context, format, objects, () => SavedJson.Default.IReadOnlyListSavedObject,
        new("NAME", o => o.Name), new("SIZE", o => MemorySize.Format(o.Bytes)), new("STORED", o => MemorySize.Format(o.Stored)), new("BYTES", o => o.Bytes.ToString(CultureInfo.InvariantCulture)), new("SHA256", o => o.Sha256));
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<SavedObject>))]
internal sealed partial class SavedJson : JsonSerializerContext;
