using System.Text.Json;

namespace Doppel.Images.Store;

/// <summary>Reads what <see cref="StoreJson"/> has written of an image. By hand, as each run begins with it: of 579 methods that the runtime compiled in a boot 80 were the serializer's (decision 0027).</summary>
internal static class ManifestReader
{
    /// <summary>The manifest; null if it is of another format.</summary>
    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static ImageManifest? Read(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        try
        {
            JsonElement image = document.RootElement;
            if (image.ValueKind != JsonValueKind.Object || image.GetProperty("format").GetInt32() != ImageManifest.CurrentFormat) return null;
            return new ImageManifest
            {
                Format = ImageManifest.CurrentFormat,
                Name = Text(image, "name"),
                Version = Text(image, "version"),
                Created = image.GetProperty("created").GetDateTimeOffset(),
                Source = Text(image, "source"),
                SignatureVerified = image.GetProperty("signatureVerified").GetBoolean(),
                Packages = [.. image.GetProperty("packages").EnumerateArray().Select(package => package.GetString() ?? throw new JsonException("A package has no name."))],
                Kernel = Layer(image.GetProperty("kernel")),
                Layers = [.. image.GetProperty("layers").EnumerateArray().Select(Layer)],
                Initrd = Layer(image.GetProperty("initrd")),
                Disk = Optional(image, "disk") is { } disk ? Layer(disk) : null,
                DiskBytes = Optional(image, "diskBytes")?.GetInt64(),
            };
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new JsonException("This is no manifest of an image: " + error.Message, error);
        }
    }

    private static Layer Layer(JsonElement layer) => new(Text(layer, "key"), Text(layer, "sha256"), layer.GetProperty("size").GetInt64());

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new JsonException($"'{name}' is missing.");

    private static JsonElement? Optional(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
