using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Doppel.Tests.Unit.House;

/// <summary>The walls between the rooms: what HACKING.md allows is what the project files do.</summary>
public sealed partial class WallTests
{
    private static readonly string[] UnsafeRooms = ["Doppel.Engines", "Doppel.Host"];

    public static TheoryData<string> Rooms() => [.. Repository.Rooms];

    [Fact]
    public void Directions_table_lists_every_room()
    {
        Dictionary<string, string[]> allowed = AllowedDirections();
        Assert.True(Repository.Rooms.Count >= 9, "The rooms were not found.");
        Assert.All(Repository.Rooms, room => Assert.Contains(room, allowed.Keys));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_references_only_what_the_table_allows(string room)
    {
        string[] allowed = AllowedDirections()[room];
        IEnumerable<string> references = XDocument.Load(Repository.ProjectPath(room)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_sees_only_what_it_references_itself(string room)
    {
        Assert.Contains("<DisableTransitiveProjectReferences>true</DisableTransitiveProjectReferences>", Repository.Read("Directory.Build.props"), StringComparison.Ordinal);
        Assert.DoesNotContain("DisableTransitiveProjectReferences", File.ReadAllText(Repository.ProjectPath(room)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_allows_unsafe_code_only_if_it_is_host_or_engines(string room)
    {
        bool allows = XDocument.Load(Repository.ProjectPath(room)).Descendants("AllowUnsafeBlocks").Any(e => e.Value.Trim() == "true");
        Assert.Equal(UnsafeRooms.Contains(room), allows);
    }

    [Fact]
    public void Build_properties_refuse_unsafe_code_by_default()
    {
        XDocument properties = XDocument.Parse(Repository.Read("Directory.Build.props"));
        XElement element = Assert.Single(properties.Descendants("AllowUnsafeBlocks"));
        Assert.Equal("false", element.Value);
        Assert.Null(element.Attribute("Condition"));
    }

    [Fact]
    public void Banned_symbols_reach_every_room_but_host_and_engines()
    {
        XDocument properties = XDocument.Parse(Repository.Read("Directory.Build.props"));
        XElement banned = properties.Descendants("AdditionalFiles").Single(f => f.Attribute("Include")!.Value.EndsWith("BannedSymbols.txt", StringComparison.Ordinal));
        string[] exempt = [.. ExemptRoom().Matches(banned.Parent!.Attribute("Condition")!.Value).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal)];
        Assert.Equal(UnsafeRooms, exempt);
        Assert.Contains(properties.Descendants("PackageReference"), p => p.Attribute("Include")!.Value == "Microsoft.CodeAnalysis.BannedApiAnalyzers");
        Assert.Contains("dotnet_diagnostic.RS0030.severity = error", Repository.Read(".editorconfig"), StringComparison.Ordinal);
        string symbols = Repository.Read("BannedSymbols.txt");
        foreach (string name in new[] { "Unsafe;", "Marshal;", "MemoryMarshal;", "DllImportAttribute;", "LibraryImportAttribute;", "P:System.DateTime.Now;", "P:System.DateTime.UtcNow;" })
        {
            Assert.Contains(name, symbols, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Room_does_not_switch_its_walls_off(string room)
    {
        Assert.DoesNotContain("RS0030", File.ReadAllText(Repository.ProjectPath(room)), StringComparison.Ordinal);
        if (UnsafeRooms.Contains(room)) return;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", room), "*.cs", SearchOption.AllDirectories))
        {
            string source = File.ReadAllText(file);
            Assert.False(source.Contains("RS0030", StringComparison.Ordinal), $"{file} mentions RS0030.");
            Assert.False(UnsafeKeyword().IsMatch(source), $"{file} has unsafe code.");
        }
    }

    private static Dictionary<string, string[]> AllowedDirections()
    {
        Match block = DirectionsBlock().Match(Repository.Read("HACKING.md"));
        Assert.True(block.Success, "HACKING.md has no ```directions block.");
        return block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split('→', StringSplitOptions.TrimEntries))
            .ToDictionary(
                parts => "Doppel." + parts[0],
                parts => parts[1] == "nothing" ? [] : parts[1].Split(',', StringSplitOptions.TrimEntries).Select(name => "Doppel." + name).ToArray());
    }

    [GeneratedRegex(@"^```directions\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex DirectionsBlock();

    [GeneratedRegex(@"!= '(Doppel\.\w+)'")]
    private static partial Regex ExemptRoom();

    [GeneratedRegex(@"^\s*[^/*\s""][^""]*\bunsafe\b(?!\s*code)", RegexOptions.Multiline)]
    private static partial Regex UnsafeKeyword();
}
