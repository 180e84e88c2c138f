using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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
    private readonly SafeFileHandle? _handle;
    private readonly AutoResetEvent? _event;

    public TimedGate()
    {
        int descriptor = OperatingSystem.IsLinux() ? EventFd(0, EfdCloexec | EfdNonblock) : -1;
        if (descriptor >= 0) _handle = new SafeFileHandle(descriptor, ownsHandle: true);
        else _event = new AutoResetEvent(false);
    }

    /// <summary>Lets the present or the next waiter through, once. Without effect after <see cref="Dispose"/>.</summary>
    public void Open()
    {
        // The reference keeps the descriptor from being closed, and its number from being another file's, before the write.
        bool held = false;
        try
        {
            if (_handle is null)
            {
                _event!.Set();
                return;
            }

            _handle.DangerousAddRef(ref held);
            ulong one = 1;
            _ = Write((int)_handle.DangerousGetHandle(), &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
        finally
        {
            if (held) _handle!.DangerousRelease();
        }
    }

    /// <summary>Waits; returns early when the gate is opened, and now and then without reason.</summary>
    /// <param name="nanoseconds">How long at most; negative means without limit.</param>
    public void Wait(long nanoseconds)
    {
        if (_handle is null)
        {
            long milliseconds = nanoseconds < 0 ? -1 : Math.Min(nanoseconds / 1_000_000 + 1, int.MaxValue);
            _event!.WaitOne((int)milliseconds);
            return;
        }

        int descriptor = (int)_handle.DangerousGetHandle();
        var poll = new PollDescriptor { Descriptor = descriptor, Events = PollIn };
        var time = new TimeSpecification { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        if (Ppoll(&poll, 1, nanoseconds < 0 ? null : &time, null) > 0)
        {
            ulong count;
            _ = Read(descriptor, &count, sizeof(ulong));
        }
    }

    /// <summary>Closes the gate for good; no thread may be waiting.</summary>
    public void Dispose()
    {
        _handle?.Dispose();
        _event?.Dispose();
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
}
