using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Machine.Snapshots;

namespace Doppel.Machine.Portable;

/// <summary>What a machine that was switched on has besides RAM and disks: the object <c>state</c>, and <c>state.json</c> in the folder of a suspended machine.</summary>
/// <param name="IsPaused">Whether it waits to be resumed.</param>
/// <param name="DeviceTree">As the guest got it.</param>
/// <param name="Parts">The tagged fields of processors, devices and clock.</param>
/// <param name="Regions">The regions of RAM: objects <c>ram/0</c>, <c>ram/1</c>, ….</param>
internal sealed record SavedState(bool IsPaused, ReadOnlyMemory<byte> DeviceTree, IReadOnlyList<ManifestPart> Parts, IReadOnlyList<SavedRegion> Regions)
{
    public const string ObjectName = "state";

    private const int MaxParts = 1000;
    private const int MaxRegions = 16;

    /// <summary>The name of the object of a region.</summary>
    public static string RamName(int index) => $"ram/{index}";

    public static SavedState Of(VmSnapshot snapshot, bool isPaused) => new(
        isPaused,
        snapshot.DeviceTree,
        [.. snapshot.Parts.Select(p => new ManifestPart(p.Name, p.State))],
        [.. snapshot.Regions.Select(r => new SavedRegion(r.Name, r.Content.Length))]);

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.SavedState);

    /// <exception cref="JsonException">It is not what it should be.</exception>
    public static SavedState Parse(ReadOnlySpan<byte> text)
    {
        SavedState state = JsonSerializer.Deserialize(text, StateJson.Default.SavedState) ?? throw new JsonException("it says null");
        if (state.Parts.Count > MaxParts || state.Parts.Any(p => p?.Name is null || p.State is null || p.Name.Any(char.IsControl)) || state.Parts.DistinctBy(p => p.Name).Count() != state.Parts.Count)
            throw new JsonException("its parts are wrong");
        if (state.Regions.Count is 0 or > MaxRegions || state.Regions.Any(r => r?.Name is null || r.Name.Any(char.IsControl) || !IsLength(r.Length)) || state.Regions.DistinctBy(r => r.Name).Count() != state.Regions.Count)
            throw new JsonException("its regions of RAM are wrong");
        return state;
    }

    private static bool IsLength(ulong length) => length is > 0 and <= VmConfigValidator.MaxMemoryBytes && length % (ulong)Environment.SystemPageSize == 0;
}

/// <summary>A region of RAM.</summary>
/// <param name="Length">Bytes.</param>
internal sealed record SavedRegion(string Name, ulong Length);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedState))]
internal sealed partial class StateJson : JsonSerializerContext;
