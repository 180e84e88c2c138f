using System.Text.Json.Serialization;

namespace Doppel.Images.Store;

/// <summary>What the cache keeps of an image: a file of JSON that names blobs by their content.</summary>
internal sealed record ImageManifest
{
    /// <summary>Changes when this record does, so that an old cache is pulled anew instead of misread.</summary>
    internal const int CurrentFormat = 1;

    public required int Format { get; init; }

    public required string Name { get; init; }

    public required string Version { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string Source { get; init; }

    public required bool SignatureVerified { get; init; }

    public required IReadOnlyList<string> Packages { get; init; }

    public required Layer Kernel { get; init; }

    /// <summary>The archives that the initramfs consists of, in order, without the first one, which is ours (<see cref="Guests.BaseLayer"/>).</summary>
    public required IReadOnlyList<Layer> Layers { get; init; }

    public required Layer Initrd { get; init; }

    /// <summary>A qcow2 image that the guest boots from; null for guests that live in memory.</summary>
    public Layer? Disk { get; init; }

    /// <summary>How large <see cref="Disk"/> is for the guest.</summary>
    public long? DiskBytes { get; init; }

    [JsonIgnore]
    internal IEnumerable<Layer> AllLayers => [Kernel, .. Layers, Initrd, .. Disk is { } disk ? [disk] : Array.Empty<Layer>()];
}

/// <summary>A blob, and the key of what it was made from: the same key need not be made again.</summary>
internal sealed record Layer(string Key, string Sha256, long Size);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(Debian.IndexState))]
internal sealed partial class StoreJson : JsonSerializerContext;
