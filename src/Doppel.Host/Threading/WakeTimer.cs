using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Threading;

/// <summary>
/// One thread sleeps until a time that others may change as often as they like: only the time itself wakes it. Finer than the runtime's millisecond waits on Linux
/// (timerfd_create(2)); rounded up to milliseconds elsewhere.
/// </summary>
public sealed unsafe partial class WakeTimer : IDisposable
{
    private const int ClockMonotonic = 1;
    private const int TfdCloexec = 0x80000;
    private const long Never = long.MaxValue;
    private readonly SafeFileHandle? _handle;

    // Where there is no such file: when it is due, by the stopwatch.
    private readonly object _lock = new();
    private long _due = Never;

    public WakeTimer()
    {
        int descriptor = OperatingSystem.IsLinux() ? TimerFdCreate(ClockMonotonic, TfdCloexec) : -1;
        if (descriptor >= 0) _handle = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Lets the present or the next waiter through, once, in so many nanoseconds, and not when it was set for before; negative means never. Any thread; without effect after <see cref="Dispose"/>.</summary>
    public void Set(long nanoseconds)
    {
        if (_handle is null)
        {
            lock (_lock)
            {
                _due = nanoseconds < 0 ? Never : (long)Math.Min(Stopwatch.GetTimestamp() + (double)nanoseconds * Stopwatch.Frequency / 1e9, Never / 2);
                Monitor.Pulse(_lock);
            }

            return;
        }

        // The reference keeps the descriptor from being closed, and its number from being another file's, before it is used.
        bool held = false;
        try
        {
            _handle.DangerousAddRef(ref held);

            // Nothing at all would mean never.
            nanoseconds = nanoseconds < 0 ? 0 : Math.Max(nanoseconds, 1);
            var time = new TimerSpecification { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
            _ = TimerFdSetTime((int)_handle.DangerousGetHandle(), 0, &time, null);
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
        finally
        {
            if (held) _handle.DangerousRelease();
        }
    }

    /// <summary>Waits until it is due; returns now and then without reason.</summary>
    public void Wait()
    {
        if (_handle is not null)
        {
            ulong count;
            _ = Read((int)_handle.DangerousGetHandle(), &count, sizeof(ulong));
            return;
        }

        lock (_lock)
        {
            long left;
            while ((left = _due - Stopwatch.GetTimestamp()) > 0)
            {
                double milliseconds = left * 1e3 / Stopwatch.Frequency + 1;
                Monitor.Wait(_lock, _due == Never ? -1 : (int)Math.Min(milliseconds, int.MaxValue));
            }

            _due = Never;
        }
    }

    /// <summary>Ends its use; no thread may be waiting.</summary>
    public void Dispose() => _handle?.Dispose();

    /// <summary>struct itimerspec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TimerSpecification
    {
        public long IntervalSeconds;
        public long IntervalNanoseconds;
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int TimerFdCreate(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime")]
    private static partial int TimerFdSetTime(int descriptor, int flags, TimerSpecification* time, TimerSpecification* old);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, void* buffer, nuint count);
}
