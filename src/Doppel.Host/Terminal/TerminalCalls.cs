using System.Runtime.InteropServices;

namespace Doppel.Host.Terminal;

/// <summary>The C library's calls for terminals and descriptors, and the few constants that differ between Linux and macOS.</summary>
internal static unsafe partial class TerminalCalls
{
    /// <summary>More than <c>struct termios</c> has anywhere (60 bytes on Linux, 72 on macOS); its layout is left to the C library.</summary>
    public const int TermiosSize = 256;

    public const short PollIn = 1;
    public const short PollOut = 4;
    public const int Interrupted = 4;
    public const int SignalStop = 19;
    public const int SignalStopMac = 17;

    private const int SetNow = 0;
    private const int SignalBackgroundWrite = 22;
    private const ulong GetWindowSizeRequest = 0x5413;

    /// <summary>EAGAIN.</summary>
    public static int TryAgain => OperatingSystem.IsLinux() ? 11 : 35;

    [LibraryImport("libc", EntryPoint = "isatty")]
    public static partial int IsTerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int GetAttributes(int descriptor, byte* termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    public static partial void MakeRaw(byte* termios);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    public static partial int Pipe(int* descriptors);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    /// <summary>Changes the terminal's mode even from the background, where the system would stop the process for it.</summary>
    public static bool SetAttributes(int descriptor, byte* termios)
    {
        // sigset_t: 128 bytes on Linux, 4 on macOS.
        byte* block = stackalloc byte[128];
        byte* before = stackalloc byte[128];
        _ = EmptySignalSet(block);
        _ = AddToSignalSet(block, SignalBackgroundWrite);
        int blockRequest = OperatingSystem.IsLinux() ? 0 : 1;
        int setRequest = OperatingSystem.IsLinux() ? 2 : 3;
        bool masked = ThreadSignalMask(blockRequest, block, before) == 0;
        bool done = TcSetAttr(descriptor, SetNow, termios) == 0;
        if (masked) _ = ThreadSignalMask(setRequest, before, null);
        return done;
    }

    /// <summary>Columns and rows; (0, 0) if it is no terminal or does not know.</summary>
    public static (int Columns, int Rows) WindowSize(int descriptor)
    {
        // Elsewhere than on Linux a call with variable arguments needs another calling convention; the runtime knows it.
        if (!OperatingSystem.IsLinux()) return IsTerminal(1) != 0 ? (Console.WindowWidth, Console.WindowHeight) : (0, 0);
        ushort* size = stackalloc ushort[4];
        return Ioctl(descriptor, GetWindowSizeRequest, size) == 0 ? (size[1], size[0]) : (0, 0);
    }

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int TcSetAttr(int descriptor, int actions, byte* termios);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySignalSet(byte* set);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    private static partial int AddToSignalSet(byte* set, int signal);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    private static partial int ThreadSignalMask(int how, byte* set, byte* before);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int descriptor, ulong request, void* argument);

    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
