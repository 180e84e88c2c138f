using System.Text.Json;
using System.Text.Json.Nodes;
using Doppel.Images.Store;

namespace Doppel.Tests.Unit.Images.Store;

public sealed class ManifestReaderTests
{
    private static ImageManifest Image => new()
    {
        Format = ImageManifest.CurrentFormat,
        Name = "debian",
        Version = "6.12",
        Created = new DateTimeOffset(2026, 11, 30, 12, 0, 0, 5, TimeSpan.FromHours(2)),
        Source = "somewhere",
        SignatureVerified = true,
        Packages = ["linux 6.12", "busybox+b1"],
        Kernel = new Layer("kernel:1", "aa", 31_167_488),
        Layers = [new Layer("one", "bb", 1), new Layer("two", "cc", 2)],
        Initrd = new Layer("initrd", "dd", 3),
    };

    [Fact]
    public void Manifest_is_read_as_it_was_written() => AssertRoundTrip(Image);

    [Fact]
    public void Manifest_with_a_disk_is_read_as_it_was_written() => AssertRoundTrip(Image with { Disk = new Layer("disk", "ee", 1L << 33), DiskBytes = 1L << 34, Layers = [], Packages = [] });

    [Fact]
    public void Manifest_of_another_format_is_none() => Assert.Null(ManifestReader.Read(Write(Image with { Format = ImageManifest.CurrentFormat + 1 })));

    [Theory]
    [InlineData("name")]
    [InlineData("created")]
    [InlineData("packages")]
    [InlineData("kernel")]
    public void Manifest_without_a_field_or_with_another_kind_of_value_is_refused(string field)
    {
        JsonObject image = JsonNode.Parse(Write(Image))!.AsObject();
        image[field] = true;
        Assert.Throws<JsonException>(() => ManifestReader.Read(JsonSerializer.SerializeToUtf8Bytes(image)));
        image[field] = null;
        Assert.Throws<JsonException>(() => ManifestReader.Read(JsonSerializer.SerializeToUtf8Bytes(image)));
        image.Remove(field);
        Assert.Throws<JsonException>(() => ManifestReader.Read(JsonSerializer.SerializeToUtf8Bytes(image)));
    }

    private static byte[] Write(ImageManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, StoreJson.Default.ImageManifest);

    // Lists are compared by what they hold: as JSON.
    private static void AssertRoundTrip(ImageManifest manifest) => Assert.Equal(Write(manifest), Write(ManifestReader.Read(Write(manifest))!));
}
