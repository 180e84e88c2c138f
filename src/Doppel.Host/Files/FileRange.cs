using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>What the runtime's file API leaves out: durability with its errors, holes, and the length of block devices.</summary>
public static partial class FileRange
{
    private const int KeepSize = 0x01;
    private const int PunchHoleFlag = 0x02;
    private const int ZeroRangeFlag = 0x10;
    private const int SeekEnd = 2;
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchAddressError = 6;
    private const int InterruptedError = 4;
    private const int InvalidArgumentError = 22;
    private const int NoSystemCallError = 38;
    private const int NotSupportedError = 95;

    /// <summary>Length in bytes of a file or a block device (whose metadata says 0).</summary>
    /// <exception cref="IOException">It has none.</exception>
    public static long Length(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        if (length != 0 || !OperatingSystem.IsLinux()) return length;
        length = Lseek(file, 0, SeekEnd);
        return length >= 0 ? length : throw Error("length");
    }

    /// <summary>Whether there is data at an offset before the end, and until where that stays so. Where the file system does not tell, all is data.</summary>
    /// <param name="length">Bytes in the file.</param>
    public static (bool IsData, long End) Storage(SafeFileHandle file, long offset, long length)
    {
        if (!OperatingSystem.IsLinux()) return (true, length);
        long data = Lseek(file, offset, SeekData);
        if (data < 0) return (Marshal.GetLastPInvokeError() != NoSuchAddressError, length);
        if (data > offset) return (false, data);
        long hole = Lseek(file, offset, SeekHole);
        return (true, hole > offset ? hole : length);
    }

    /// <summary>All data written before is on stable storage when it returns. An error of the storage is not swallowed.</summary>
    /// <exception cref="IOException">The storage failed; what was written before may be lost.</exception>
    public static void Flush(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        // A file that cannot be synchronized (a pipe, some special files) says so by EINVAL: there is nothing to lose then.
        while (Fdatasync(file) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == InvalidArgumentError) return;
            if (error != InterruptedError) throw Error("flush");
        }
    }

    /// <summary>Gives the storage of a range back; it reads as zeroes then.</summary>
    /// <returns>False if the file system cannot do it; nothing was changed.</returns>
    /// <exception cref="IOException">It could, but failed.</exception>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length) => TryAllocate(file, PunchHoleFlag | KeepSize, offset, length);

    /// <summary>Makes a range read as zeroes and keeps its storage.</summary>
    /// <inheritdoc cref="TryPunchHole"/>
    public static bool TryZero(SafeFileHandle file, long offset, long length) => TryAllocate(file, ZeroRangeFlag | KeepSize, offset, length);

    private static bool TryAllocate(SafeFileHandle file, int mode, long offset, long length)
    {
        if (!OperatingSystem.IsLinux()) return false;
        while (Fallocate(file, mode, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error is NotSupportedError or NoSystemCallError) return false;
            if (error != InterruptedError) throw Error("fallocate");
        }

        return true;
    }

    private static IOException Error(string what) => new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Lseek(SafeFileHandle file, long offset, int origin);
}
