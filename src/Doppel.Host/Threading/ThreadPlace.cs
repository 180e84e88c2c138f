using System.Runtime.InteropServices;

namespace Doppel.Host.Threading;

/// <summary>On which of the host's processors a thread goes on that waits.</summary>
/// <remarks>
/// sched_setaffinity(2). Linux often wakes a thread up on the processor of who wakes it, although others are idle: inside a virtual machine it cannot tell those that sleep from those that are held up. Then one of both
/// waits, for milliseconds, for the other one. All of it is advice: a host that does not take it does without.
/// </remarks>
public sealed unsafe partial class ThreadPlace
{
    /// <summary>Of a set of processors, as large as the C library's.</summary>
    private const int Words = 1024 / 64;

    private static readonly nint GetThread = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 186,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 178,
        _ => -1,
    };

    private readonly int _thread;
    private readonly Lock _lock = new();

    // While the set is not what it was: what it was.
    private volatile ulong[]? _before;

    private ThreadPlace(int thread)
    {
        _thread = thread;
    }

    /// <summary>Of the calling thread; null if the host has no such thing.</summary>
    public static ThreadPlace? OfThis() => OperatingSystem.IsLinux() && SystemCall(GetThread) is > 0 and var thread ? new ThreadPlace((int)thread) : null;

    /// <summary>The calling thread goes on on another processor, if there is one that it may use, and leaves its own to who is woken up next.</summary>
    public static void StepAside()
    {
        if (OperatingSystem.IsLinux()) new ThreadPlace(0).WakeElsewhere(() => { });
    }

    /// <summary>Wakes the thread up, which waits, on another processor than the caller's, if there is one that it may use.</summary>
    /// <param name="wake">Does it.</param>
    public void WakeElsewhere(Action wake)
    {
        // Of two at once, the second one would take what the first has set for what there was.
        lock (_lock)
        {
            ulong[] all = new ulong[Words], others = new ulong[Words];
            int current = GetProcessor();
            bool moves = current is >= 0 and < Words * 64 && Get(all) && Without(all, others, current) && Set(others);
            if (moves) _before = all;
            try
            {
                wake();
            }
            finally
            {
                // From here on it may go where it likes.
                if (moves) Set(all);
                _before = null;
            }
        }
    }

    /// <summary>To be called by the thread once it has been woken up: what it begins now must not inherit a set that lacks a processor for a moment.</summary>
    public void Arrive()
    {
        if (_before is { } all) Set(all);
    }

    private bool Get(ulong[] set)
    {
        fixed (ulong* words = set) return GetAffinity(_thread, Words * sizeof(ulong), words) == 0;
    }

    private bool Set(ulong[] set)
    {
        fixed (ulong* words = set) return SetAffinity(_thread, Words * sizeof(ulong), words) == 0;
    }

    /// <returns>Whether any are left.</returns>
    private static bool Without(ulong[] all, ulong[] others, int one)
    {
        ulong any = 0;
        for (int i = 0; i < Words; i++)
        {
            others[i] = all[i];
            if (i == one / 64) others[i] &= ~(1UL << (one % 64));
            any |= others[i];
        }

        return any != 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number);

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int GetProcessor();

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint length, ulong* set);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint length, ulong* set);
}
