using System.Runtime.InteropServices;

namespace Doppel.Host.Threading;

/// <summary>
/// One thread sleeps until another opens the gate or a time has passed. Finer than the runtime's millisecond waits on Linux
/// (an eventfd and ppoll); rounded up to milliseconds elsewhere.
/// </summary>
public sealed unsafe partial class TimedGate : IDisposable
{
    private const int EfdCloexec = 0x80000;
    private const int EfdNonblock = 0x800;
    private const short PollIn = 1;
    private readonly int _descriptor = -1;
    private readonly AutoResetEvent? _event;
    private bool _disposed;

    public TimedGate()
    {
        if (OperatingSystem.IsLinux()) _descriptor = EventFd(0, EfdCloexec | EfdNonblock);
        if (_descriptor < 0) _event = new AutoResetEvent(false);
    }

    /// <summary>Lets the present or the next waiter through, once.</summary>
    public void Open()
    {
        if (_event is not null)
        {
            _event.Set();
            return;
        }

        ulong one = 1;
        _ = Write(_descriptor, &one, sizeof(ulong));
    }

    /// <summary>Waits; returns early when the gate is opened.</summary>
    /// <param name="nanoseconds">How long at most; negative means without limit.</param>
    public void Wait(long nanoseconds)
    {
        if (_event is not null)
        {
            long milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999_999) / 1_000_000;
            _event.WaitOne((int)Math.Min(milliseconds, int.MaxValue));
            return;
        }

        var poll = new PollDescriptor { Descriptor = _descriptor, Events = PollIn };
        var time = new TimeSpecification { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        if (Ppoll(&poll, 1, nanoseconds < 0 ? null : &time, null) > 0)
        {
            ulong count;
            _ = Read(_descriptor, &count, sizeof(ulong));
        }
    }

    /// <summary>Closes the gate for good; no thread may be waiting.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _event?.Dispose();
        if (_descriptor >= 0) _ = Close(_descriptor);
    }

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int Ppoll(PollDescriptor* descriptors, nuint count, TimeSpecification* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
