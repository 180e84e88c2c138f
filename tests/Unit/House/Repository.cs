namespace Doppel.Tests.Unit.House;

/// <summary>The working copy that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath));

    public static bool Has(string relativePath) => Path.Exists(Path.Combine(Root, relativePath));

    /// <summary>The projects of the rooms, relative to the root.</summary>
    public static IReadOnlyList<string> Rooms { get; } =
        [.. Directory.EnumerateDirectories(Path.Combine(Root, "src")).Select(d => Path.GetFileName(d)!).Where(n => File.Exists(ProjectPath(n))).Order(StringComparer.Ordinal)];

    public static string ProjectPath(string room) => Path.Combine(Root, "src", room, room + ".csproj");

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Doppel.slnx"))) return directory.FullName;
        }

        throw new InvalidOperationException("These tests must run from the artifacts folder of a working copy.");
    }
}
