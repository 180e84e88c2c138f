using System.Runtime.InteropServices;

namespace Doppel.Host.Net;

/// <summary>The C library's calls for tap interfaces of Linux; numbers of Linux <c>include/uapi/linux/if_tun.h</c> and <c>include/uapi/asm-generic/fcntl.h</c>.</summary>
internal static unsafe partial class TapCalls
{
    public const int OpenReadWrite = 2, OpenNonBlocking = 0x800, OpenCloseOnExec = 0x8_0000;
    public const ulong SetInterface = 0x4004_54ca, SetOffload = 0x4004_54d0, SetHeaderSize = 0x4004_54d8;
    public const short FlagTap = 2, FlagNoPacketInformation = 0x1000, FlagVnetHeader = 0x4000;
    public const uint OffloadChecksum = 1, OffloadTcp4 = 2, OffloadTcp6 = 4;
    public const int NameLength = 16, RequestLength = 40;
    public const int NotPermitted = 1, NoEntry = 2, NoDevice = 19, AccessDenied = 13, Busy = 16, Invalid = 22;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(int descriptor, ulong request, void* argument);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    public static partial nint WriteVector(int descriptor, Vector* vectors, int count);

    public struct Vector
    {
        public void* Base;
        public nuint Length;
    }
}
