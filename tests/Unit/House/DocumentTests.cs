using System.Text.RegularExpressions;

namespace Doppel.Tests.Unit.House;

/// <summary>What the documents name exists, and what they promise to hold they hold.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents() => ["README.md", "HACKING.md", "SPECIFICATION.md", "SECURITY.md", "CHANGELOG.md"];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Document_names_only_files_that_exist(string document)
    {
        string[] named = [.. NamedPath().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value).Where(p => !p.Contains("NAME", StringComparison.Ordinal)).Distinct()];
        Assert.All(named, path => Assert.True(Repository.Has(path), $"{document} names {path}, which does not exist."));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Document_links_only_to_files_that_exist(string document) =>
        Assert.All(Link().Matches(Repository.Read(document)).Select(m => m.Groups[1].Value).Where(l => !l.Contains("://", StringComparison.Ordinal)),
            path => Assert.True(Repository.Has(path), $"{document} links to {path}, which does not exist."));

    [Fact]
    public void Main_path_goes_from_the_process_to_the_interpreter_in_one_screen_each()
    {
        string section = Section(Repository.Read("HACKING.md"), "## The main path");
        string[] hops = [.. NamedPath().Matches(section).Select(m => m.Groups[1].Value)];
        Assert.True(hops.Length >= 9, "The main path has lost hops.");
        Assert.Equal("src/Doppel.Cli/Program.cs", hops[0]);
        Assert.Equal("src/Doppel.RiscV/Interpreter/Interpreter.cs", hops[^1]);
    }

    [Fact]
    public void Checklists_have_at_most_ten_steps()
    {
        string section = Section(Repository.Read("HACKING.md"), "## How do I add …");
        Assert.All(section.Split("\n### ").Skip(1), list => Assert.InRange(Step().Count(list), 1, 10));
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps_and_ask_a_question()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs", "decisions"), "*.md").Order(StringComparer.Ordinal)];
        Assert.NotEmpty(files);
        Assert.Equal(Enumerable.Range(1, files.Length), files.Select(f => int.Parse(Path.GetFileName(f)[..4], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.All(files, file =>
        {
            string text = File.ReadAllText(file);
            Assert.EndsWith("?", text[..text.IndexOf('\n', StringComparison.Ordinal)], StringComparison.Ordinal);
            foreach (string part in new[] { "Context", "Decision", "Consequences" }) Assert.Matches($@"(?m)^(## |\*\*){part}", text);
        });
    }

    [Fact]
    public void Every_device_has_its_page()
    {
        string devices = Path.Combine(Repository.Root, "src", "Doppel.Devices");
        // A page is named after the class (uart16550.md), or names it.
        string pages = string.Join('\n', Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs", "devices"), "*.md")
            .Select(f => Path.GetFileNameWithoutExtension(f).Replace("-", "", StringComparison.Ordinal) + File.ReadAllText(f)));
        string[] classes = [.. Directory.EnumerateFiles(devices, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText).SelectMany(t => DeviceClass().Matches(t))
            .Select(m => m.Groups[1].Value).Where(n => !n.StartsWith("Empty", StringComparison.Ordinal))];
        Assert.NotEmpty(classes);
        Assert.All(classes, name => Assert.True(pages.Contains(name, StringComparison.OrdinalIgnoreCase), $"No page in docs/devices mentions {name}."));
    }

    private static string Section(string text, string heading)
    {
        int start = text.IndexOf(heading, StringComparison.Ordinal);
        Assert.True(start >= 0, $"'{heading}' is missing.");
        int end = text.IndexOf("\n## ", start + heading.Length, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    [GeneratedRegex(@"`((?:src|tests|bench|docs|tools|\.ci)/[^`\s*]*)`")]
    private static partial Regex NamedPath();

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\d+\. ", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"public sealed (?:partial )?class (\w+)[^\n]*(?:IBusDevice|: VirtioDevice)")]
    private static partial Regex DeviceClass();
}
