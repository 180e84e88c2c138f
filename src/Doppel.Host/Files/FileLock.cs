using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>
/// Advisory locks on bytes of a file that belong to one opening of it (Linux: open file description locks, fcntl(2)), so that they end when it is
/// closed, work between threads and processes alike, and are seen by every program that asks in this way. Elsewhere every call succeeds.
/// </summary>
public static unsafe partial class FileLock
{
    private const int GetLock = 36;
    private const int SetLock = 37;
    private const short ReadLock = 0;
    private const short WriteLock = 1;
    private const short Unlock = 2;
    private const int InvalidArgumentError = 22;
    private const int NoLocksError = 37;
    private const int NotSupportedError = 95;

    /// <summary>Takes a shared lock on one byte.</summary>
    /// <returns>False if another opening has an exclusive one.</returns>
    public static bool TryShare(SafeFileHandle file, long offset) => Call(file, SetLock, ReadLock, offset, out _);

    /// <summary>Gives the byte free.</summary>
    public static void Release(SafeFileHandle file, long offset) => Call(file, SetLock, Unlock, offset, out _);

    /// <summary>Whether another opening has any lock on the byte.</summary>
    public static bool IsHeldByOther(SafeFileHandle file, long offset)
    {
        Call(file, GetLock, WriteLock, offset, out short found);
        return found != Unlock;
    }

    /// <summary>File systems without such locks (some network ones) are treated as if nobody held any.</summary>
    private static bool Call(SafeFileHandle file, int command, short type, long offset, out short found)
    {
        found = Unlock;
        if (!OperatingSystem.IsLinux()) return true;
        var request = new LockRequest { Type = type, Start = offset, Length = 1 };
        if (Fcntl(file, command, &request) == 0)
        {
            found = command == GetLock ? request.Type : Unlock;
            return true;
        }

        return Marshal.GetLastPInvokeError() is InvalidArgumentError or NoLocksError or NotSupportedError;
    }

    /// <summary>struct flock of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 32)]
    private struct LockRequest
    {
        [FieldOffset(0)]
        public short Type;

        [FieldOffset(2)]
        public short Origin;

        [FieldOffset(8)]
        public long Start;

        [FieldOffset(16)]
        public long Length;

        [FieldOffset(24)]
        public int Process;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int command, LockRequest* request);
}
