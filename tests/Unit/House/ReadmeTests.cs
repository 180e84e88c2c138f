using System.Text.RegularExpressions;

namespace Doppel.Tests.Unit.House;

/// <summary>README.md shows code that is compiled and run, and commands that exist.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void Example_is_word_for_word_the_one_that_a_test_compiles_and_runs()
    {
        string shown = CSharpBlock().Match(Repository.Read("README.md")).Groups[1].Value;
        string compiled = Example().Match(Repository.Read("tests/System/Readme/LibraryExample.cs")).Groups[1].Value;
        Assert.NotEmpty(shown);
        string[] indented = compiled.Split('\n');
        Assert.Equal(shown.Split('\n'), indented.Select(l => l.StartsWith("        ", StringComparison.Ordinal) ? l[8..] : l.TrimStart()));
    }

    [Fact]
    public void First_command_runs_the_command_line_and_second_one_the_test_runner()
    {
        string readme = Repository.Read("README.md");
        Assert.Contains("\n$ dotnet run --project src/Doppel.Cli -c Release -- run\n$ dotnet run tools/test.cs\n", readme, StringComparison.Ordinal);
        Assert.Contains("dotnet run tools/test.cs", Repository.Read(".ci/run"), StringComparison.Ordinal);
        Assert.True(Repository.Has("src/Doppel.Cli/Doppel.Cli.csproj") && Repository.Has("tools/test.cs"));
    }

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"// <example>\n(.*?) *// </example>", RegexOptions.Singleline)]
    private static partial Regex Example();
}
