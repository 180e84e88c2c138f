// Debian's control file syntax: Debian Policy 4.7, section 5.1 (deb822(5)).
namespace Doppel.Images.Debian;

/// <summary>One paragraph of fields; names are compared without regard to case.</summary>
internal sealed class ControlParagraph
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    internal string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>Reads paragraph after paragraph. Fields that <paramref name="wanted"/> does not name are passed over.</summary>
    internal static IEnumerable<ControlParagraph> Parse(TextReader reader, IReadOnlySet<string>? wanted = null)
    {
        ControlParagraph paragraph = new();
        string? current = null;
        while (reader.ReadLine() is { } line)
        {
            if (line.AsSpan().Trim().IsEmpty)
            {
                if (paragraph._fields.Count > 0) yield return paragraph;
                paragraph = new ControlParagraph();
                current = null;
            }
            else if (line[0] is ' ' or '\t')
            {
                if (current is not null) paragraph._fields[current] += "\n" + line.TrimEnd();
            }
            else if (line[0] != '#')
            {
                int colon = line.IndexOf(':');
                if (colon <= 0) throw new InvalidDataException($"not a field: '{Shorten(line)}'");
                string name = line[..colon];
                current = wanted is null || wanted.Contains(name) ? name : null;
                if (current is not null) paragraph._fields[current] = line[(colon + 1)..].Trim();
            }
        }
        if (paragraph._fields.Count > 0) yield return paragraph;
    }

    private static string Shorten(string line) => line.Length <= 60 ? line : line[..60] + "…";
}
