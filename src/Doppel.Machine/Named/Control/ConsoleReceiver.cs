using System.Net.Sockets;
using Doppel.Core.Backends;
using Doppel.Host.Threading;

namespace Doppel.Machine.Named.Control;

/// <summary>Gives a user what comes from a machine's console: on a thread of its own, so that it is there at once, however busy the threads of the pool are.</summary>
internal static class ConsoleReceiver
{
    private const int MaxPiece = 4096;

    /// <summary>Where the end of a connection that is shut down at this side wakes nobody up, it is looked for.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <param name="stream">Remains the caller's.</param>
    /// <param name="cancel">Ends the connection as far as it comes from the machine.</param>
    /// <returns>Completes when nothing comes any more.</returns>
    public static async Task RunAsync(NetworkStream stream, IConsoleBackend user, CancellationToken cancel)
    {
        using CancellationTokenRegistration leaving = cancel.Register(() => End(stream.Socket));
        await QuickThread.RunAsync("doppel-attached", () =>
        {
            Receive(stream.Socket, user, cancel);
            return true;
        }).ConfigureAwait(false);
    }

    private static void Receive(Socket socket, IConsoleBackend user, CancellationToken cancel)
    {
        byte[] buffer = new byte[MaxPiece];
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                // To receive what is not there yet would be to wait for the framework's thread that waits for all connections, and then for one of the pool.
                if (!socket.Poll(Look, SelectMode.SelectRead)) continue;
                int count = socket.Receive(buffer);
                if (count == 0) return;
                user.Write(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException)
        {
            // The machine is gone.
        }
    }

    private static void End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Receive);
        }
        catch (SocketException)
        {
            // The other end was faster.
        }
    }
}
