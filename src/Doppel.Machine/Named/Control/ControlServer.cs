using System.Net.Sockets;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Portable;

namespace Doppel.Machine.Named.Control;

/// <summary>Answers on a machine's socket, one request per connection, many at a time.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(200);
    private readonly Socket _listener;
    private readonly string _path;
    private readonly IControlTarget _target;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="path">Of the socket; what is there is replaced. The caller holds the machine's lock.</param>
    /// <exception cref="DoppelException">The path is too long, or no socket can be made there.</exception>
    public ControlServer(string path, IControlTarget target)
    {
        _path = path;
        _target = target;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen();
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            _listener.Dispose();
            throw new DoppelException(ErrorKind.Failed, $"{path}: no socket can be made there: {exception.Message.TrimEnd('.')}", "set DOPPEL_STATE to a directory with a short path on a local disk", exception);
        }

        _accepting = AcceptAsync();
    }

    /// <summary>Takes no more requests, lets those that wait for the end have their answer, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        File.Delete(_path);
        await _ending.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] open;
        lock (_lock) open = [.. _connections];
        await Task.WhenAny(Task.WhenAll(open), Task.Delay(TimeSpan.FromSeconds(2))).ConfigureAwait(false);
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

    private void Forget(Task connection)
    {
        lock (_lock) _connections.Remove(connection);
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            ControlRequest request = await ControlLine.ReadAsync(stream, ControlJson.Default.ControlRequest, _ending.Token).ConfigureAwait(false);
            ControlReply reply = await AnswerAsync(request, stream).ConfigureAwait(false);
            using IDisposable? kept = reply.Kept;
            await ControlLine.WriteAsync(stream, reply, ControlJson.Default.ControlReply, CancellationToken.None).ConfigureAwait(false);

            // The client has no more to say: what can be read is the end.
            if (kept is not null) _ = await stream.ReadAsync(new byte[1], _ending.Token).ConfigureAwait(false);
            if (request.Verb == ControlVerb.Save) await SaveLink.ServeAsync(stream, _target.SaveAsync, _ending.Token).ConfigureAwait(false);
            if (request.Verb == ControlVerb.Agent && reply.Kind is null && _target.Agent is { } agent) await AgentLink.ServeAsync(stream, agent, _ending.Token).ConfigureAwait(false);
            if (request.Verb == ControlVerb.Console) await ConsoleLink.ServeAsync(stream, _target.Console, _ending.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or JsonException)
        {
            // The client is gone, or talks nonsense: nobody to tell.
        }
    }

    /// <summary>While the answer is being worked for, the client is told how far it is. One that goes away does not want it any more.</summary>
    private async Task<ControlReply> AnswerAsync(ControlRequest request, Stream client)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        try
        {
            var progress = new LatestProgress();
            Task<ControlReply> answer = _target.AnswerAsync(request, progress, gone.Token);
            try
            {
                while (await Task.WhenAny(answer, Task.Delay(ProgressPeriod)).ConfigureAwait(false) != answer)
                {
                    if (progress.Take() is { } part) await ControlLine.WriteAsync(client, new ControlReply { Progress = part }, ControlJson.Default.ControlReply, CancellationToken.None).ConfigureAwait(false);
                }
            }
            catch (IOException)
            {
                await gone.CancelAsync().ConfigureAwait(false);
            }

            return await answer.ConfigureAwait(false);
        }
        catch (DoppelException exception)
        {
            return new ControlReply { Kind = exception.Kind, Error = exception.Message, Hint = exception.Hint };
        }
    }
}

/// <summary>What a control server speaks for.</summary>
internal interface IControlTarget
{
    ConsoleHub Console { get; }

    /// <summary>Null if the machine has no port for one.</summary>
    IAgentChannel? Agent { get; }

    /// <param name="progress">Long work says here how far it is.</param>
    /// <param name="cancel">The client has gone, or the machine has ended.</param>
    /// <exception cref="DoppelException">It cannot be done.</exception>
    Task<ControlReply> AnswerAsync(ControlRequest request, IProgress<double> progress, CancellationToken cancel);

    /// <summary>Writes the records of a file of the machine; see <see cref="MachineSaver"/>.</summary>
    /// <exception cref="DoppelException">It cannot be done.</exception>
    Task<IReadOnlyList<SavedObject>> SaveAsync(Stream output, IProgress<double> progress, CancellationToken cancel);
}
