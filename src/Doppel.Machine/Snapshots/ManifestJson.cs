using System.Text.Json;
using Doppel.Machine.Json;

namespace Doppel.Machine.Snapshots;

/// <summary>Manifests as JSON. By hand, as each child of a fork reads one before it runs (decision 0027).</summary>
internal static class ManifestJson
{
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static SnapshotManifest Read(JsonElement element)
    {
        var fields = new JsonFields(element);
        foreach (string name in (ReadOnlySpan<string>)["comment", "parent", "layers", "state", "disks"]) fields.Required(name);
        return new SnapshotManifest(
            fields.RequiredNumber("format"),
            fields.RequiredId("id"),
            fields.RequiredText("name"),
            fields.OptionalText("comment"),
            fields.OptionalId("parent"),
            fields.RequiredTime("created"),
            VmConfigJson.Read(fields.Required("config")),
            fields.Ids("layers"),
            fields.Object("state") is { } state ? ReadState(new JsonFields(state)) : null,
            fields.Array<ManifestDisk?>("disks", static (disk, _) => disk.ValueKind == JsonValueKind.Null ? null : ReadDisk(new JsonFields(disk))));
    }

    public static void Write(Utf8JsonWriter writer, SnapshotManifest manifest)
    {
        writer.WriteStartObject();
        writer.WriteNumber("format", manifest.Format);
        writer.WriteString("id", manifest.Id);
        writer.WriteString("name", manifest.Name);
        writer.WriteString("comment", manifest.Comment);
        if (manifest.Parent is { } parent) writer.WriteString("parent", parent);
        else writer.WriteNull("parent");
        writer.WriteString("created", manifest.Created);
        writer.WritePropertyName("config");
        VmConfigJson.Write(writer, manifest.Config);
        writer.WriteStartArray("layers");
        foreach (Guid layer in manifest.Layers) writer.WriteStringValue(layer);
        writer.WriteEndArray();
        if (manifest.State is { } state) Write(writer, state);
        else writer.WriteNull("state");
        writer.WriteStartArray("disks");
        foreach (ManifestDisk? disk in manifest.Disks)
        {
            if (disk is null) writer.WriteNullValue();
            else Write(writer, disk);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static ManifestState ReadState(JsonFields fields)
    {
        fields.Required("parts");
        fields.Required("regions");
        return new ManifestState(
            fields.RequiredBytes("deviceTree"),
            fields.Array("parts", static (part, _) => ReadPart(new JsonFields(part))),
            fields.Array("regions", static (region, _) => ReadRegion(new JsonFields(region))));
    }

    private static ManifestPart ReadPart(JsonFields fields) => new(fields.RequiredText("name"), fields.RequiredBytes("state"));

    private static ManifestRegion ReadRegion(JsonFields fields) => new(fields.RequiredText("name"), fields.RequiredUnsigned("length"), ReadExtents(fields));

    private static ManifestDisk ReadDisk(JsonFields fields) => new(fields.RequiredLong("length"), ReadExtents(fields));

    private static long[] ReadExtents(JsonFields fields)
    {
        fields.Required("extents");
        return fields.Longs("extents");
    }

    private static void Write(Utf8JsonWriter writer, ManifestState state)
    {
        writer.WriteStartObject("state");
        writer.WriteBase64String("deviceTree", state.DeviceTree.Span);
        writer.WriteStartArray("parts");
        foreach (ManifestPart part in state.Parts)
        {
            writer.WriteStartObject();
            writer.WriteString("name", part.Name);
            writer.WriteBase64String("state", part.State);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("regions");
        foreach (ManifestRegion region in state.Regions)
        {
            writer.WriteStartObject();
            writer.WriteString("name", region.Name);
            writer.WriteNumber("length", region.Length);
            WriteExtents(writer, region.Extents);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ManifestDisk disk)
    {
        writer.WriteStartObject();
        writer.WriteNumber("length", disk.Length);
        WriteExtents(writer, disk.Extents);
        writer.WriteEndObject();
    }

    private static void WriteExtents(Utf8JsonWriter writer, IReadOnlyList<long> extents)
    {
        writer.WriteStartArray("extents");
        foreach (long number in extents) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
