using System.Security.Cryptography;
using System.Text;
using Doppel.Images.Archives;

namespace Doppel.Images.Disks;

/// <summary>What the builder's guest is given beside packages: the script that makes the disk, and our own files for it (Disks/files).</summary>
internal static class DiskFiles
{
    private const string Prefix = "disk:";
    private const uint Executable = 0x1ED /* 0755 */, Plain = 0x1A4 /* 0644 */;

    /// <summary>Names this version of them, for the cache.</summary>
    internal static string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(ToArchive(new Dictionary<string, IEnumerable<string>>())))[..32];

    /// <summary>An archive for the builder's initramfs.</summary>
    /// <param name="lists">Texts for the script: their names, and their lines.</param>
    internal static byte[] ToArchive(IReadOnlyDictionary<string, IEnumerable<string>> lists)
    {
        using MemoryStream output = new();
        CpioWriter archive = new(output);
        foreach (string resource in typeof(DiskFiles).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = typeof(DiskFiles).Assembly.GetManifestResourceStream(resource)!;
            string path = resource[Prefix.Length..].Replace('\\', '/');
            archive.File("doppel/" + path, stream, stream.Length, path == "build" || path.StartsWith("files/usr/lib/doppel/", StringComparison.Ordinal) ? Executable : Plain);
        }
        foreach ((string name, IEnumerable<string> lines) in lists.OrderBy(list => list.Key, StringComparer.Ordinal))
            archive.File("doppel/" + name, Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        archive.Finish();
        return output.ToArray();
    }
}
