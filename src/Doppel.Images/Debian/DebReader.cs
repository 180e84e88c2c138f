// Reads a binary package's files: deb(5), format 2.0.
using System.Formats.Tar;
using System.IO.Compression;
using Doppel.Core.Errors;
using Doppel.Images.Archives;
using Doppel.Images.Xz;

namespace Doppel.Images.Debian;

/// <summary>Goes through the files of a .deb without unpacking it anywhere.</summary>
internal static class DebReader
{
    /// <summary>The entries in the package's order; an entry's data are good until the next is asked for. Names start without <c>./</c>.</summary>
    internal static IEnumerable<(string Path, TarEntry Entry)> Entries(Stream deb, string name)
    {
        using Stream data = Guard(name, () => OpenData(deb, name));
        using TarReader tar = Guard(name, () => new TarReader(data));
        while (Guard(name, () => tar.GetNextEntry()) is { } entry)
        {
            string path = entry.Name;
            if (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
            path = path.Trim('/');
            if (path.Length > 0) yield return (path, entry);
        }
    }

    /// <summary>Reads part of a package: damage in there becomes an error that names the package.</summary>
    internal static T Guard<T>(string name, Func<T> read)
    {
        try
        {
            return read();
        }
        // The last two are what the framework's tar reader lets out for a size or a time that no file has.
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or FormatException or OverflowException or ArgumentException)
        {
            throw new DoppelException(ErrorKind.Corrupt, $"package '{name}' is damaged: {error.Message}", "try again; if it stays so, the mirror's copy is bad", error);
        }
    }

    /// <summary>A member that is an archive of files, without its compression; null if it is another member.</summary>
    /// <param name="kind"><c>data.tar</c> or <c>control.tar</c>.</param>
    internal static Stream? Unpack(string member, Stream content, string kind, string name)
    {
        if (!member.StartsWith(kind, StringComparison.Ordinal)) return null;
        return member[kind.Length..] switch
        {
            ".xz" => new XzStream(content),
            ".gz" => new GZipStream(content, CompressionMode.Decompress),
            "" => content,
            _ => throw new DoppelException(ErrorKind.Failed, $"package '{name}' is packed as {member}, which is not supported", "only xz, gzip and uncompressed packages can be read; Debian trixie uses xz"),
        };
    }

    private static Stream OpenData(Stream deb, string name)
    {
        ArReader reader = new(deb);
        while (reader.Next() is { } member)
        {
            if (Unpack(member.Name, member.Content, "data.tar", name) is { } data) return data;
        }
        throw new InvalidDataException("it has no data");
    }
}
