using System.Runtime.InteropServices;

namespace Doppel.Host.Threading;

/// <summary>How the host shares its processors between threads. All of it is advice: a host that does not know it does without.</summary>
/// <remarks>
/// sched_setattr(2): on Linux a thread has a nice value of its own, and, since 6.12, a time for which it runs on while others wait (its slice). Who is woken up and has a shorter one than the
/// thread that runs need not wait for its end, as long as it has not had its share.
/// </remarks>
public static partial class ThreadShare
{
    private const int PrioProcess = 0;
    private const ulong KeepPolicy = 0x08;

    /// <summary>A third of the share of others.</summary>
    private const int LightNice = 5;

    // Nanoseconds. What is usual lies between 0.7 and 3 milliseconds, by the number of processors.
    private const ulong LightSlice = 12_000_000;
    private const ulong QuickSlice = 500_000;

    /// <summary>The host adds what it needs to wake somebody up, and 50 microseconds by which it may be late.</summary>
    private const int RestNanoseconds = 20_000;

    /// <summary>Of the system call; where it is not known, of none.</summary>
    private static readonly nint SetAttributes = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 314,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 274,
        _ => -1,
    };

    /// <summary>The calling thread, which sleeps and is woken up often, need not wait for others that are busy. Its share remains the same.</summary>
    public static void BeQuick()
    {
        if (OperatingSystem.IsLinux()) _ = TrySet(GetPriority(PrioProcess, 0), QuickSlice);
    }

    /// <summary>The calling thread sleeps for a moment, some tens of microseconds, in which others get its processor.</summary>
    /// <remarks>Not sched_yield(2), by which a thread gives way to those of its own session or container only, and which Linux may count as if it had run: it may not run again for a long time.</remarks>
    public static unsafe void Rest()
    {
        var time = new TimeSpecification { Nanoseconds = RestNanoseconds };
        if (OperatingSystem.IsWindows()) Thread.Sleep(1);
        else _ = NanoSleep(&time, null);
    }

    /// <summary>The calling thread gets a third of the share of others, and others need not wait for it.</summary>
    internal static void BeLight()
    {
        if (OperatingSystem.IsLinux() && !TrySet(LightNice, LightSlice)) _ = SetPriority(PrioProcess, 0, LightNice);
    }

    private static unsafe bool TrySet(int nice, ulong slice)
    {
        var attributes = new SchedulingAttributes { Size = (uint)sizeof(SchedulingAttributes), Flags = KeepPolicy, Nice = nice, Runtime = slice };
        return SystemCall(SetAttributes, 0, &attributes, 0) == 0;
    }

    /// <summary>struct sched_attr in its first version. Under the usual policy the runtime is the slice.</summary>
    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }

    /// <summary>struct timespec.</summary>
    private struct TimeSpecification
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "nanosleep", SetLastError = true)]
    private static unsafe partial int NanoSleep(TimeSpecification* time, TimeSpecification* left);

    /// <summary>syscall(2): the C library need not have a function for it.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint SystemCall(nint number, nint thread, SchedulingAttributes* attributes, nint flags);

    [LibraryImport("libc", EntryPoint = "getpriority", SetLastError = true)]
    private static partial int GetPriority(int which, uint who);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);
}
