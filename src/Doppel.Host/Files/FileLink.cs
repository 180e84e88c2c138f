using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>Second and other names of files.</summary>
public static partial class FileLink
{
    /// <summary>Makes a hard link where the file system can, else a copy, durable: in both cases what is there stays, whatever becomes of the first name.</summary>
    /// <param name="source">A file whose content never changes.</param>
    /// <param name="target">Must not be there yet.</param>
    /// <exception cref="IOException">It cannot be copied either.</exception>
    public static void LinkOrCopy(string source, string target)
    {
        // Another file system, one that has no links, or a file of another user's (fs.protected_hardlinks).
        if (!OperatingSystem.IsWindows() && Link(source, target) == 0) return;
        File.Copy(source, target);
        // It may be read-only, as its source.
        using SafeFileHandle copy = File.OpenHandle(target, FileMode.Open, OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read);
        FileRange.Flush(copy);
    }

    /// <summary>How many names a file has; 1 where the host does not tell.</summary>
    public static unsafe int Count(string path)
    {
        // statx(2); struct statx of linux/stat.h: stx_nlink is the 32 bits at 16.
        const int CurrentFolder = -100, WantsLinks = 4, Links = 4;
        uint* answer = stackalloc uint[64];
        return OperatingSystem.IsLinux() && Statx(CurrentFolder, path, 0, WantsLinks, answer) == 0 ? (int)answer[Links] : 1;
    }

    /// <summary>Gives a file another name, which nothing may have: of several that want a name at once one gets it.</summary>
    /// <remarks><see cref="File.Move(string, string, bool)"/> looks whether something has the name, and then replaces what has got it meanwhile.</remarks>
    /// <exception cref="IOException">Something has that name, or it cannot be given.</exception>
    public static void MoveToNew(string source, string target)
    {
        if (!OperatingSystem.IsWindows())
        {
            if (Link(source, target) == 0)
            {
                File.Delete(source);
                return;
            }

            if (Path.Exists(target)) throw new IOException($"{target} is there already");
        }

        // The file system has no links.
        File.Move(source, target, overwrite: false);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, uint* answer);

    // link(2)
    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
