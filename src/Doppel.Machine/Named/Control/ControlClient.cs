using System.Net.Sockets;
using System.Text.Json;
using Doppel.Core.Errors;

namespace Doppel.Machine.Named.Control;

/// <summary>Asks the process that runs a machine.</summary>
internal static class ControlClient
{
    /// <summary>One question, one answer.</summary>
    /// <param name="name">The machine's, for messages.</param>
    /// <param name="progress">Told of what comes before the answer.</param>
    /// <exception cref="DoppelException">Nobody answers (<see cref="ErrorKind.Unreachable"/>), or what the machine's process says.</exception>
    public static async Task<ControlReply> AskAsync(string path, string name, ControlRequest request, IProgress<double>? progress, CancellationToken cancel)
    {
        (NetworkStream stream, ControlReply reply) = await OpenAsync(path, name, request, progress, cancel).ConfigureAwait(false);
        await stream.DisposeAsync().ConfigureAwait(false);
        return reply;
    }

    /// <summary>As <see cref="AskAsync"/>, and the connection stays open for what follows the answer.</summary>
    public static async Task<(NetworkStream Stream, ControlReply Reply)> OpenAsync(string path, string name, ControlRequest request, IProgress<double>? progress, CancellationToken cancel)
    {
        NetworkStream? stream = null;
        try
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            stream = await ConnectAsync(socket, path, cancel).ConfigureAwait(false);
            await ControlLine.WriteAsync(stream, request, ControlJson.Write, cancel).ConfigureAwait(false);
            ControlReply reply;
            while ((reply = await ControlLine.ReadAsync(stream, ControlJson.ReadReply, cancel).ConfigureAwait(false)).Progress is { } part) progress?.Report(part);
            if (reply.Kind is { } kind) throw new DoppelException(kind, reply.Error ?? $"{name}: the machine's process failed", reply.Hint);
            return (stream, reply);
        }
        catch (Exception exception)
        {
            if (stream is not null) await stream.DisposeAsync().ConfigureAwait(false);
            if (exception is SocketException or IOException or JsonException)
                throw new DoppelException(ErrorKind.Unreachable, $"{name}: the machine's process does not answer: {exception.Message.TrimEnd('.')}", $"doppel ls shows its state", exception);
            throw;
        }
    }

    private static async Task<NetworkStream> ConnectAsync(Socket socket, string path, CancellationToken cancel)
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
