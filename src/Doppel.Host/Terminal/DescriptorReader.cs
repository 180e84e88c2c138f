using System.Runtime.InteropServices;

namespace Doppel.Host.Terminal;

/// <summary>Takes bytes that were read; they are valid during the call.</summary>
public delegate void BytesReceived(ReadOnlySpan<byte> bytes);

/// <summary>A thread that reads a descriptor as bytes come, past all of the runtime's decoding and line editing, and that can be stopped.</summary>
public sealed unsafe class DescriptorReader : IDisposable
{
    private const int BufferSize = 4096;
    private readonly int _descriptor;
    private readonly BytesReceived _received;
    private readonly Action _ended;
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private readonly Thread _thread;
    private bool _disposed;

    /// <param name="received">Called on the reading thread.</param>
    /// <param name="ended">Called on the reading thread, once, when no more will come.</param>
    /// <exception cref="IOException">The host has no descriptors left.</exception>
    public DescriptorReader(int descriptor, BytesReceived received, Action ended)
    {
        _descriptor = descriptor;
        _received = received;
        _ended = ended;
        int* wake = stackalloc int[2];
        if (TerminalCalls.Pipe(wake) != 0) throw new IOException($"No pipe can be made: {Marshal.GetLastPInvokeErrorMessage()}.");
        (_wakeRead, _wakeWrite) = (wake[0], wake[1]);
        _thread = new Thread(Run) { IsBackground = true, Name = "doppel-input" };
        _thread.Start();
    }

    /// <summary>Stops reading; what has not been read stays for others. Not from within a callback's lock.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        byte one = 1;
        _ = TerminalCalls.Write(_wakeWrite, &one, 1);
        // From a callback the thread cannot be waited for; it ends when the callback returns, and then the pipe is left to the process.
        if (Thread.CurrentThread == _thread) return;
        _thread.Join();
        _ = TerminalCalls.Close(_wakeRead);
        _ = TerminalCalls.Close(_wakeWrite);
    }

    private void Run()
    {
        byte* buffer = stackalloc byte[BufferSize];
        TerminalCalls.PollDescriptor* poll = stackalloc TerminalCalls.PollDescriptor[2];
        while (true)
        {
            poll[0] = new() { Descriptor = _descriptor, Events = TerminalCalls.PollIn };
            poll[1] = new() { Descriptor = _wakeRead, Events = TerminalCalls.PollIn };
            int ready = TerminalCalls.Poll(poll, 2, -1);
            int error = Marshal.GetLastPInvokeError();
            if (ready < 0 && error == TerminalCalls.Interrupted) continue;
            if (poll[1].Returned != 0) return;
            if (ready < 0) break;
            nint count = TerminalCalls.Read(_descriptor, buffer, BufferSize);
            error = Marshal.GetLastPInvokeError();
            if (count > 0) _received(new ReadOnlySpan<byte>(buffer, (int)count));
            // No bytes: the end of a file or pipe. An error: the terminal has hung up.
            else if (count == 0 || error != TerminalCalls.Interrupted && error != TerminalCalls.TryAgain) break;
        }

        _ended();
    }
}
