using System.Formats.Tar;
using System.Text;
using Doppel.Images.Archives;
using Doppel.Images.Debian;

namespace Doppel.Images.Guests;

/// <summary>Unpacks Debian packages into an initramfs. Their installation scripts do not run.</summary>
internal sealed class PackageLayer(CpioWriter archive)
{
    /// <summary>What nobody reads in such a guest, and glibc's converters for old character sets, which are larger than all the rest of it.</summary>
    private static readonly string[] LeftOut = ["usr/lib/riscv64-linux-gnu/gconv/", "usr/share/doc/", "usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/lintian/", "usr/share/bug/"];
    private static readonly string[] MergedIntoUsr = ["bin/", "sbin/", "lib/"];
    private static readonly string[] CommandDirectories = ["usr/sbin/", "usr/bin/"];

    private readonly SortedSet<string> _commands = new(StringComparer.Ordinal);

    internal void Add(Stream deb, DebianPackage package)
    {
        foreach ((string path, TarEntry entry) in DebReader.Entries(deb, package.Name))
        {
            string target = MergedIntoUsr.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)) ? "usr/" + path : path;
            if (LeftOut.Any(prefix => (target + "/").StartsWith(prefix, StringComparison.Ordinal))) continue;
            DebReader.Guard(package.Name, () =>
            {
                Add(target, entry);
                return true;
            });
        }
    }

    /// <summary>
    /// busybox's shell prefers its own commands to files of the same name. Who asks for a package wants the package's.
    /// </summary>
    internal void WriteAliases()
    {
        StringBuilder script = new();
        foreach (string command in _commands)
        {
            string name = command[(command.LastIndexOf('/') + 1)..];
            if (name is not ("sh" or "[" or "busybox") && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+'))
                script.Append("alias ").Append(name).Append("=/").Append(command).Append('\n');
        }
        if (script.Length > 0) archive.File("etc/profile.d/packages.sh", Encoding.UTF8.GetBytes(script.ToString()));
    }

    private void Add(string path, TarEntry entry)
    {
        uint mode = (uint)entry.Mode & 0xFFF;
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                archive.Directory(path, mode);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                archive.File(path, entry.DataStream ?? Stream.Null, entry.Length, mode);
                Note(path);
                break;
            case TarEntryType.SymbolicLink:
                archive.Symlink(path, entry.LinkName);
                Note(path);
                break;
            case TarEntryType.HardLink:
                // The link's target is a path in the package. A symbolic link does the same in a file system that nobody renames in.
                archive.Symlink(path, "/" + entry.LinkName.TrimStart('.', '/'));
                Note(path);
                break;
            default:
                throw new InvalidDataException($"'{path}' is neither file, directory nor link");
        }
    }

    private void Note(string path)
    {
        if (CommandDirectories.Any(directory => path.StartsWith(directory, StringComparison.Ordinal) && path.LastIndexOf('/') == directory.Length - 1)) _commands.Add(path);
    }
}
