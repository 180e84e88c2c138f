// The machine's own apt configuration: sources.list(5), one-line style and deb822 style.
namespace Doppel.Images.Debian;

/// <summary>Finds the Debian mirrors that this machine uses, so that ours is the one that its owner chose.</summary>
internal static class AptSources
{
    internal const string PublicMirror = "http://deb.debian.org/debian";

    /// <summary>All mirrors of Debian that are configured under <paramref name="aptDirectory"/>, and at last Debian's public one.</summary>
    internal static IReadOnlyList<Uri> Mirrors(string aptDirectory = "/etc/apt")
    {
        List<string> found = [];
        string list = Path.Combine(aptDirectory, "sources.list"), parts = Path.Combine(aptDirectory, "sources.list.d");
        List<string> files = File.Exists(list) ? [list] : [];
        if (Directory.Exists(parts)) files.AddRange(Directory.EnumerateFiles(parts).Order(StringComparer.Ordinal));
        foreach (string file in files)
        {
            // An unreadable or damaged configuration is not ours to complain about: apt will, and the public mirror is left.
            try
            {
                if (file.EndsWith(".sources", StringComparison.Ordinal)) found.AddRange(ParseDeb822(File.ReadAllText(file)));
                else if (file.EndsWith(".list", StringComparison.Ordinal)) found.AddRange(ParseOneLine(File.ReadAllText(file)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                continue;
            }
        }
        found.Add(PublicMirror);
        return found.Where(IsDebian).Select(uri => new Uri(uri.TrimEnd('/') + "/")).Distinct().ToList();
    }

    internal static IEnumerable<string> ParseOneLine(string text)
    {
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Split('#')[0].Trim();
            if (!line.StartsWith("deb ", StringComparison.Ordinal) && !line.StartsWith("deb\t", StringComparison.Ordinal)) continue;
            line = line[4..].TrimStart();
            if (line.StartsWith('['))
            {
                int end = line.IndexOf(']');
                if (end < 0) continue;
                line = line[(end + 1)..].TrimStart();
            }
            yield return line.Split([' ', '\t'], 2)[0];
        }
    }

    internal static IEnumerable<string> ParseDeb822(string text)
    {
        foreach (ControlParagraph paragraph in ControlParagraph.Parse(new StringReader(text)))
        {
            if (paragraph["Enabled"] is { } enabled && enabled.Trim().ToLowerInvariant() is "no" or "false" or "0") continue;
            if (!Words(paragraph["Types"]).Contains("deb")) continue;
            foreach (string uri in Words(paragraph["URIs"])) yield return uri;
        }
    }

    private static string[] Words(string? value) => (value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static bool IsDebian(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? parsed)
        && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps)
        && parsed.AbsolutePath.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal);
}
