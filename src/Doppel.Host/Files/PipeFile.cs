using System.Runtime.InteropServices;

namespace Doppel.Host.Files;

/// <summary>Files that are pipes: to open one waits for somebody at its other end, which may never come.</summary>
public static partial class PipeFile
{
    private const int CurrentFolder = -100;
    private const uint WantsType = 1;

    /// <summary>Where statx puts the mode, of all architectures; and what it is of a pipe.</summary>
    private const int ModeOffset = 28, StatxBytes = 256, TypeMask = 0xf000, Pipe = 0x1000;

    /// <summary>Whether there is a pipe (FIFO) at a path; false where the system does not tell.</summary>
    public static bool IsAt(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        Span<byte> status = stackalloc byte[StatxBytes];
        return Statx(CurrentFolder, path, 0, WantsType, status) == 0 && (BitConverter.ToUInt16(status[ModeOffset..]) & TypeMask) == Pipe;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> status);
}
