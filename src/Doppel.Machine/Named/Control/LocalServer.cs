using System.Net.Sockets;
using System.Text.Json;

namespace Doppel.Machine.Named.Control;

/// <summary>Serves other processes of the user on a socket in the file system, many connections at a time.</summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly string _path;
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="path">Of the socket; what is there is replaced. The caller holds a lock on what it is for.</param>
    /// <param name="serve">Serves one connection, which becomes its own, until it is told that the server ends.</param>
    /// <param name="patience">How long connections have to come to an end, then.</param>
    /// <exception cref="Exception">No socket can be made there: <see cref="SocketException"/>, <see cref="ArgumentException"/>, <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</exception>
    public LocalServer(string path, Func<Socket, CancellationToken, Task> serve, TimeSpan patience)
    {
        _path = path;
        _serve = serve;
        _patience = patience;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen();
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        _accepting = AcceptAsync();
    }

    /// <summary>Takes no more connections, ends those that there are, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        File.Delete(_path);
        await _ending.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] open;
        lock (_lock) open = [.. _connections];
        await Task.WhenAny(Task.WhenAll(open), Task.Delay(_patience)).ConfigureAwait(false);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            Task connection = ServeAsync(socket);
            lock (_lock) _connections.Add(connection);
            _ = connection.ContinueWith(Forget, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            await _serve(socket, _ending.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            // The other side is gone, or talks nonsense: nobody to tell.
        }
    }

    private void Forget(Task connection)
    {
        lock (_lock) _connections.Remove(connection);
    }
}
