// A suite's Release file: https://wiki.debian.org/DebianRepository/Format, "Release" files.
using System.Globalization;

namespace Doppel.Images.Debian;

/// <summary>What a suite consists of: the size and SHA-256 of each index.</summary>
internal sealed class ReleaseFile
{
    private readonly Dictionary<string, (string Sha256, long Size)> _files = [];

    private ReleaseFile(string codename, string version, DateTimeOffset date, bool byHash)
    {
        Codename = codename;
        Version = version;
        Date = date;
        AcquireByHash = byHash;
    }

    internal string Codename { get; }

    internal string Version { get; }

    internal DateTimeOffset Date { get; }

    internal bool AcquireByHash { get; }

    internal (string Sha256, long Size)? this[string path] => _files.TryGetValue(path, out (string, long) file) ? file : null;

    /// <summary>Reads a Release file, or an InRelease file whose signature is not of interest here.</summary>
    internal static ReleaseFile Parse(string text)
    {
        ControlParagraph fields = ControlParagraph.Parse(new StringReader(StripSignature(text))).FirstOrDefault()
            ?? throw new InvalidDataException("the Release file is empty");
        if (fields["SHA256"] is not { } list) throw new InvalidDataException("the Release file has no SHA256 checksums");
        if (!DateTimeOffset.TryParse(fields["Date"]?.Replace("UTC", "GMT", StringComparison.Ordinal), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date))
            throw new InvalidDataException("the Release file has no valid date");
        ReleaseFile release = new(fields["Codename"] ?? "", fields["Version"] ?? "", date, fields["Acquire-By-Hash"] == "yes");
        foreach (string line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3 || !Sha256Text.IsValid(words[0]) || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                throw new InvalidDataException("the Release file has a damaged checksum line");
            release._files[words[2]] = (words[0], size);
        }
        return release;
    }

    // RFC 9580, section 7: the cleartext signature framework. Dash escapes do not occur in Release files' fields.
    private static string StripSignature(string text)
    {
        const string Begin = "-----BEGIN PGP SIGNED MESSAGE-----", Signature = "-----BEGIN PGP SIGNATURE-----";
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        if (!text.StartsWith(Begin, StringComparison.Ordinal)) return text;
        int body = text.IndexOf("\n\n", StringComparison.Ordinal);
        int end = text.IndexOf("\n" + Signature, StringComparison.Ordinal);
        if (body < 0 || end < body) throw new InvalidDataException("the InRelease file is cut short");
        return text[(body + 2)..end];
    }
}
