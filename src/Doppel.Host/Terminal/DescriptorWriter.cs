using System.Runtime.InteropServices;

namespace Doppel.Host.Terminal;

/// <summary>Writes to a descriptor, past all of the runtime's encoding, and tells when nobody reads any more.</summary>
public static unsafe class DescriptorWriter
{
    /// <summary>Writes all of it, waiting as long as it takes.</summary>
    /// <returns>False if it cannot be written: the pipe is broken, the terminal has hung up, the disk is full.</returns>
    public static bool TryWrite(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                nint count = TerminalCalls.Write(descriptor, start + done, (nuint)(bytes.Length - done));
                int error = Marshal.GetLastPInvokeError();
                if (count > 0) done += (int)count;
                else if (error == TerminalCalls.TryAgain) WaitForRoom(descriptor);
                else if (error != TerminalCalls.Interrupted) return false;
            }
        }

        return true;
    }

    /// <summary>Another process may have made the terminal non-blocking.</summary>
    private static void WaitForRoom(int descriptor)
    {
        var poll = new TerminalCalls.PollDescriptor { Descriptor = descriptor, Events = TerminalCalls.PollOut };
        _ = TerminalCalls.Poll(&poll, 1, 1000);
    }
}
