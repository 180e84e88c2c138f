using System.Runtime.InteropServices;

namespace Doppel.Host.Files;

/// <summary>A file that is to be kept under a second name.</summary>
public static partial class FileLink
{
    /// <summary>Makes a hard link where the file system can, else a copy: in both cases what is there stays, whatever becomes of the first name.</summary>
    /// <param name="source">A file whose content never changes.</param>
    /// <param name="target">Must not be there yet.</param>
    /// <exception cref="IOException">It cannot be copied either.</exception>
    public static void LinkOrCopy(string source, string target)
    {
        // Another file system, one that has no links, or a file of another user's (fs.protected_hardlinks).
        if (OperatingSystem.IsWindows() || Link(source, target) != 0) File.Copy(source, target);
    }

    // link(2)
    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
