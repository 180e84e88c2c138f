using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>Files that share their storage until one of them is written: on btrfs, XFS and others (ioctl_ficlone(2)).</summary>
public static partial class FileClone
{
    // FICLONE of linux/fs.h: _IOW(0x94, 9, int).
    private const uint Clone = 0x4004_9409;

    /// <summary>Makes an empty file have the content of another one, without copying it. What is written to one of them later the other one does not see.</summary>
    /// <param name="target">Open for writing.</param>
    /// <returns>False, and nothing done, where the file system cannot do it, or the files are not on the same, or there is no room.</returns>
    public static bool TryClone(SafeFileHandle source, SafeFileHandle target)
    {
        if (!OperatingSystem.IsLinux()) return false;
        bool isHeld = false;
        try
        {
            source.DangerousAddRef(ref isHeld);
            return Ioctl(target, Clone, source.DangerousGetHandle()) == 0;
        }
        finally
        {
            if (isHeld) source.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, ulong request, nint argument);
}
