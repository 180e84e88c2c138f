using System.Runtime.InteropServices;

namespace Doppel.Host.Files;

/// <summary>A further name for a file.</summary>
public static partial class HardLink
{
    /// <summary>Gives a file another name in the same file system (link(2)); where that cannot be, makes a copy of it.</summary>
    /// <exception cref="IOException">There is something of that name, or the host could not do it.</exception>
    public static void LinkOrCopy(string existing, string path)
    {
        if (OperatingSystem.IsLinux() && Link(existing, path) == 0) return;
        File.Copy(existing, path);
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string path);
}
