using Doppel.Core.Errors;
using Doppel.Core.Trace;

namespace Doppel.Cli.Parsing;

/// <summary><c>exec,irq,mmio,virtio,tb,sbi,hash[:FILE]</c>, or <c>all</c>.</summary>
/// <param name="File">Null means standard error.</param>
internal sealed record TraceSpec(TraceCategory Categories, string? File)
{
    public static IReadOnlyList<string> Names { get; } =
        [.. Enum.GetValues<TraceCategory>().Where(c => c != TraceCategory.None).Select(c => c.ToString().ToLowerInvariant())];

    public static TraceCategory All { get; } = Enum.GetValues<TraceCategory>().Aggregate((a, b) => a | b);

    /// <exception cref="DoppelException">A category that there is not, or no file after the colon.</exception>
    public static TraceSpec Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string? file = colon < 0 ? null : text[(colon + 1)..];
        if (file is "") throw new DoppelException(ErrorKind.Usage, $"--trace: '{text}' names no file", $"--trace {text}trace.log");
        var categories = TraceCategory.None;
        foreach (string name in (colon < 0 ? text : text[..colon]).Split(','))
        {
            if (name == "all") categories |= All;
            else if (Names.Contains(name)) categories |= Enum.Parse<TraceCategory>(name, ignoreCase: true);
            else throw new DoppelException(ErrorKind.Usage, $"--trace: there is no category '{name}'", $"--trace {Suggestion.Nearest(name, Names) ?? string.Join(',', Names)}");
        }

        return new TraceSpec(categories, file);
    }
}
