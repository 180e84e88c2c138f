// Linux Documentation/networking/tuntap.rst, and include/uapi/linux/if_tun.h.
using System.Runtime.InteropServices;
using System.Text;
using Doppel.Host.Terminal;

namespace Doppel.Host.Net;

/// <summary>Why a tap interface cannot be had.</summary>
public enum TapFailure
{
    /// <summary>Not on this system: no Linux, or no <c>/dev/net/tun</c>.</summary>
    Unsupported,

    /// <summary>The user has no right to it.</summary>
    Denied,

    /// <summary>Another program has it.</summary>
    Busy,

    /// <summary>Something of that name is there that is no tap interface, or the name is none.</summary>
    NoTap,

    Other,
}

/// <summary>A tap interface cannot be had.</summary>
public sealed class TapException(TapFailure failure, string message) : IOException(message)
{
    public TapFailure Failure => failure;
}

/// <summary>
/// The user's end of a tap interface of the host. Each frame has a <c>struct virtio_net_hdr</c> of 10 bytes before it; checksums and segmentation may be left undone both ways.
/// </summary>
public sealed unsafe class TapDevice : IDisposable
{
    private const int MaxRead = 10 + 65_535 + 22;
    private readonly int _descriptor;
    private readonly BytesReceived _received;
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private readonly Thread _thread;
    private readonly Lock _writing = new();
    private int _disposed;

    /// <summary>Opens a tap interface, or makes one that is gone with us, and reads from it.</summary>
    /// <param name="received">Called on the reading thread with a header and a frame behind it; may block.</param>
    /// <exception cref="TapException">It cannot be had.</exception>
    public TapDevice(string name, BytesReceived received)
    {
        _received = received;
        _descriptor = Open(name);
        int* wake = stackalloc int[2];
        if (TerminalCalls.Pipe(wake) != 0)
        {
            _ = TerminalCalls.Close(_descriptor);
            throw new TapException(TapFailure.Other, Marshal.GetLastPInvokeErrorMessage());
        }

        (_wakeRead, _wakeWrite) = (wake[0], wake[1]);
        _thread = new Thread(Run) { IsBackground = true, Name = $"doppel-{name}" };
        _thread.Start();
    }

    /// <summary>Sends a frame.</summary>
    /// <returns>False if the host did not take it: the interface is down, or its queue is full.</returns>
    public bool TryWrite(ReadOnlySpan<byte> header, ReadOnlySpan<byte> frame)
    {
        fixed (byte* first = header, second = frame)
        lock (_writing)
        {
            // Once it is closed, the descriptor may be somebody else's.
            if (_disposed != 0) return false;
            TapCalls.Vector* vectors = stackalloc TapCalls.Vector[2];
            vectors[0] = new() { Base = first, Length = (nuint)header.Length };
            vectors[1] = new() { Base = second, Length = (nuint)frame.Length };
            return TapCalls.WriteVector(_descriptor, vectors, 2) == header.Length + frame.Length;
        }
    }

    /// <summary>Lets the interface go.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            if (_disposed != 0) return;
            _disposed = 1;
        }

        byte one = 1;
        _ = TerminalCalls.Write(_wakeWrite, &one, 1);
        _thread.Join();
        _ = TerminalCalls.Close(_wakeRead);
        _ = TerminalCalls.Close(_wakeWrite);
        _ = TerminalCalls.Close(_descriptor);
    }

    private static int Open(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        if (!OperatingSystem.IsLinux()) throw new TapException(TapFailure.Unsupported, "this system has no tap interfaces");
        if (bytes.Length is 0 or >= TapCalls.NameLength) throw new TapException(TapFailure.NoTap, $"a name has 1 to {TapCalls.NameLength - 1} bytes");
        int descriptor = TapCalls.Open("/dev/net/tun", TapCalls.OpenReadWrite | TapCalls.OpenNonBlocking | TapCalls.OpenCloseOnExec);
        if (descriptor < 0) throw Failed(Marshal.GetLastPInvokeError(), opening: true);
        byte* request = stackalloc byte[TapCalls.RequestLength];
        new Span<byte>(request, TapCalls.RequestLength).Clear();
        bytes.CopyTo(new Span<byte>(request, TapCalls.NameLength));
        *(short*)(request + TapCalls.NameLength) = TapCalls.FlagTap | TapCalls.FlagNoPacketInformation | TapCalls.FlagVnetHeader;
        int headerSize = 10;
        bool done = TapCalls.Ioctl(descriptor, TapCalls.SetInterface, request) == 0
            && TapCalls.Ioctl(descriptor, TapCalls.SetHeaderSize, &headerSize) == 0
            && TapCalls.Ioctl(descriptor, TapCalls.SetOffload, (void*)(TapCalls.OffloadChecksum | TapCalls.OffloadTcp4 | TapCalls.OffloadTcp6)) == 0;
        if (done) return descriptor;
        int error = Marshal.GetLastPInvokeError();
        _ = TerminalCalls.Close(descriptor);
        throw Failed(error, opening: false);
    }

    private static TapException Failed(int error, bool opening) => new(
        error switch
        {
            TapCalls.NotPermitted or TapCalls.AccessDenied => TapFailure.Denied,
            TapCalls.Busy => TapFailure.Busy,
            TapCalls.NoEntry or TapCalls.NoDevice when opening => TapFailure.Unsupported,
            TapCalls.Invalid => TapFailure.NoTap,
            _ => TapFailure.Other,
        },
        Marshal.GetPInvokeErrorMessage(error));

    private void Run()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MaxRead, pinned: true);
        TerminalCalls.PollDescriptor* poll = stackalloc TerminalCalls.PollDescriptor[2];
        fixed (byte* start = buffer)
        {
            while (Volatile.Read(ref _disposed) == 0)
            {
                nint count = TerminalCalls.Read(_descriptor, start, MaxRead);
                if (count > 0)
                {
                    _received(new ReadOnlySpan<byte>(start, (int)count));
                    continue;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != TerminalCalls.TryAgain && error != TerminalCalls.Interrupted) return;
                poll[0] = new() { Descriptor = _descriptor, Events = TerminalCalls.PollIn };
                poll[1] = new() { Descriptor = _wakeRead, Events = TerminalCalls.PollIn };
                _ = TerminalCalls.Poll(poll, 2, -1);
            }
        }
    }
}
