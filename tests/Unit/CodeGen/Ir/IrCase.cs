using System.Text;
using Doppel.Tests.Unit.House;

namespace Doppel.Tests.Unit.CodeGen.Ir;

/// <summary>
/// One case of a file in <c>tests/Unit/CodeGen/files</c>: a line <c>=== name: what is done</c>, a region, a line <c>---</c> and the text that must come out.
/// Lines before the first case are a comment.
/// </summary>
/// <param name="Input">With the comments that it has.</param>
internal sealed record IrCase(string Name, string Action, string Input, string Expected)
{
    private const string Begin = "=== ";
    private const string Middle = "---";

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Unit", "CodeGen", "files");

    public static string ReadComment(string path) => File.ReadAllText(path).Split('\n' + Begin, 2)[0] + "\n";

    public static IReadOnlyList<IrCase> Read(string path) => [.. ("\n" + File.ReadAllText(path)).Split('\n' + Begin).Skip(1).Select(Parse)];

    public static void Write(string path, string comment, IEnumerable<IrCase> cases)
    {
        var text = new StringBuilder(comment);
        foreach (IrCase one in cases) text.Append(Begin).Append(one.Name).Append(": ").Append(one.Action).Append('\n').Append(one.Input).Append(Middle).Append('\n').Append(one.Expected).Append('\n');
        File.WriteAllText(path, text.ToString().TrimEnd('\n') + "\n");
    }

    private static IrCase Parse(string text)
    {
        int line = text.IndexOf('\n', StringComparison.Ordinal);
        int colon = text.LastIndexOf(':', line);
        string[] halves = (text[(line + 1)..] + "\n").Split(Middle + "\n");
        return new IrCase(text[..colon], text[(colon + 1)..line].Trim(), halves[0], halves.Length < 2 ? "" : halves[1].TrimEnd('\n') + "\n");
    }
}
