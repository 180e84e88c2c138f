// The locking protocol of QEMU's file driver (documented in QEMU's "image locking" notes; bytes observed with lslocks): each opening of an image
// says by shared locks on single bytes what it does with it and what it does not let others do.
using Doppel.Host.Files;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>Keeps a disk image from being used by two machines at a time, be they Doppel's or QEMU's.</summary>
internal static class DiskLock
{
    /// <summary>A lock on this byte plus a permission's number: the opening uses the permission.</summary>
    private const long UsedBase = 100;

    /// <summary>A lock on this byte plus a permission's number: the opening bears no other that uses the permission.</summary>
    private const long RefusedBase = 200;

    private const int Read = 0;
    private const int Write = 1;
    private const int Resize = 3;

    /// <summary>Reading beside a writer would see a torn file system, so even a reader refuses writers.</summary>
    private static readonly int[] Refused = [Write, Resize];

    /// <summary>Announces the use of an image. The locks last until they are released, or the file is closed and no process has it from us any more.</summary>
    /// <returns>False if another opening is in the way; no locks are left behind then.</returns>
    public static bool TryTake(SafeFileHandle file, bool readOnly)
    {
        int[] used = Used(readOnly);

        // First say it, then look: of two that come at the same time at least one sees the other.
        bool free = Bytes(readOnly).All(offset => FileLock.TryShare(file, offset))
            && !used.Any(permission => FileLock.IsHeldByOther(file, RefusedBase + permission))
            && !Refused.Any(permission => FileLock.IsHeldByOther(file, UsedBase + permission));
        if (!free) Release(file, readOnly);
        return free;
    }

    /// <summary>
    /// Ends what <see cref="TryTake"/> began. To close the file is not enough: a child that another thread is just starting has the
    /// opening, and with it the locks, until it executes its program.
    /// </summary>
    public static void Release(SafeFileHandle file, bool readOnly)
    {
        foreach (long offset in Bytes(readOnly)) FileLock.Release(file, offset);
    }

    /// <summary>A writer's locks become a reader's.</summary>
    public static void EndWriting(SafeFileHandle file) => FileLock.Release(file, UsedBase + Write);

    private static int[] Used(bool readOnly) => readOnly ? [Read] : [Read, Write];

    private static IEnumerable<long> Bytes(bool readOnly) =>
        [.. Used(readOnly).Select(permission => UsedBase + permission), .. Refused.Select(permission => RefusedBase + permission)];
}
