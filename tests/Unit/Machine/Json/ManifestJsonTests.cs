using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Doppel.Machine;
using Doppel.Machine.Json;
using Doppel.Machine.Snapshots;

namespace Doppel.Tests.Unit.Machine.Json;

public sealed class ManifestJsonTests
{
    private static readonly Guid One = new("00000001-0002-0003-0405-060708090a0b");

    private static readonly SnapshotManifest Whole = new(
        1, One, "first", "a \"comment\"", One, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), new VmConfig { Name = "vm" }, [One, Guid.Empty],
        new ManifestState(new byte[] { 1, 2, 3 }, [new ManifestPart("cpu0", [255, 0])], [new ManifestRegion("ram", ulong.MaxValue, [0, 4, 1])]),
        [null, new ManifestDisk(65536, [0, 1, 0])]);

    private static readonly SnapshotManifest Sparse = Whole with { Comment = null, Parent = null, State = null, Disks = [] };

    [Fact]
    public void Manifest_is_written_as_files_have_it()
    {
        string json = Encoding.UTF8.GetString(StrictJson.WriteLine(Whole, ManifestJson.Write));
        string config = Encoding.UTF8.GetString(StrictJson.WriteLine(Whole.Config, VmConfigJson.Write));
        Assert.Equal(
            """
            {"format":1,"id":"00000001-0002-0003-0405-060708090a0b","name":"first","comment":"a \u0022comment\u0022","parent":"00000001-0002-0003-0405-060708090a0b","created":"2026-01-02T03:04:05+00:00","config":CONFIG,
            "layers":["00000001-0002-0003-0405-060708090a0b","00000000-0000-0000-0000-000000000000"],
            "state":{"deviceTree":"AQID","parts":[{"name":"cpu0","state":"/wA="}],"regions":[{"name":"ram","length":18446744073709551615,"extents":[0,4,1]}]},
            "disks":[null,{"length":65536,"extents":[0,1,0]}]}
            """.ReplaceLineEndings("").Replace("CONFIG", config, StringComparison.Ordinal),
            json);
    }

    [Fact]
    public void What_is_read_is_what_was_written()
    {
        foreach (SnapshotManifest manifest in new[] { Whole, Sparse })
        {
            byte[] json = StrictJson.WriteLine(manifest, ManifestJson.Write);
            SnapshotManifest read = StrictJson.Read(json, ManifestJson.Read);
            Assert.Equal(json, StrictJson.WriteLine(read, ManifestJson.Write));
            Assert.Equal((manifest.Id, manifest.Name, manifest.Comment, manifest.Parent, manifest.Created), (read.Id, read.Name, read.Comment, read.Parent, read.Created));
        }
    }

    [Fact]
    public void Any_property_that_is_missing_or_of_another_kind_is_refused()
    {
        byte[] json = StrictJson.WriteLine(Whole, ManifestJson.Write);
        string[] places = [.. Places(JsonNode.Parse(json)!, "").Where(p => !p.StartsWith("/config/", StringComparison.Ordinal))];
        Assert.Equal(20, places.Length);
        foreach (string place in places)
        {
            Refuse(json, place, parent => parent.Remove(place[(place.LastIndexOf('/') + 1)..]));
            Refuse(json, place, parent => parent[place[(place.LastIndexOf('/') + 1)..]] = false);
        }
    }

    private static void Refuse(byte[] json, string place, Action<JsonObject> change)
    {
        JsonNode root = JsonNode.Parse(json)!;
        JsonNode parent = root;
        foreach (string step in place.Split('/')[1..^1]) parent = int.TryParse(step, out int index) ? parent[index]! : parent[step]!;
        change((JsonObject)parent);
        byte[] changed = Encoding.UTF8.GetBytes(root.ToJsonString());
        Assert.True(Record.Exception(() => StrictJson.Read(changed, ManifestJson.Read)) is JsonException, $"{place} is not missed: {Encoding.UTF8.GetString(changed)}");
    }

    /// <summary>The properties of all objects.</summary>
    private static IEnumerable<string> Places(JsonNode? node, string path) => node switch
    {
        JsonObject o => o.SelectMany(p => Places(p.Value, $"{path}/{p.Key}").Prepend($"{path}/{p.Key}")),
        JsonArray a => a.SelectMany((item, index) => Places(item, $"{path}/{index}")),
        _ => [],
    };
}
