using System.Net.Sockets;
using Doppel.Backends.Net.Capture;
using Doppel.Core.Errors;
using Doppel.Machine.Agent;
using Doppel.Machine.Networks;
using Doppel.Machine.Portable;

namespace Doppel.Machine.Named.Control;

/// <summary>Answers on a machine's socket, one request per connection, many at a time.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromMilliseconds(200);

    /// <summary>For those that wait for the end to have their answer.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    private readonly IControlTarget _target;
    private readonly LocalServer _server;

    /// <param name="path">Of the socket; what is there is replaced. The caller holds the machine's lock.</param>
    /// <exception cref="DoppelException">The path is too long, or no socket can be made there.</exception>
    public ControlServer(string path, IControlTarget target)
    {
        _target = target;
        try
        {
            _server = new LocalServer(path, ServeAsync, EndPatience);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new DoppelException(ErrorKind.Failed, $"{path}: no socket can be made there: {exception.Message.TrimEnd('.')}", "set DOPPEL_STATE to a directory with a short path on a local disk", exception);
        }
    }

    /// <summary>Takes no more requests, lets those that wait for the end have their answer, and removes the socket.</summary>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(Socket socket, CancellationToken ending)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        ControlRequest request = await ControlLine.ReadAsync(stream, ControlJson.ReadRequest, ending).ConfigureAwait(false);
        ControlReply reply = await AnswerAsync(request, stream, ending).ConfigureAwait(false);
        using IDisposable? kept = reply.Kept;
        await ControlLine.WriteAsync(stream, reply, ControlJson.Write, CancellationToken.None).ConfigureAwait(false);

        // The client has no more to say: what can be read is the end.
        if (kept is not null) _ = await stream.ReadAsync(new byte[1], ending).ConfigureAwait(false);
        if (request.Verb == ControlVerb.Save) await SaveLink.ServeAsync(stream, _target.SaveAsync, ending).ConfigureAwait(false);
        if (request.Verb == ControlVerb.Capture && reply.Kind is null) await CaptureLink.ServeAsync(stream, _target.Capture(request.Adapter), ending).ConfigureAwait(false);
        if (request.Verb == ControlVerb.Agent && reply.Kind is null && _target.Agent is { } agent) await AgentLink.ServeAsync(stream, agent, ending).ConfigureAwait(false);
        if (request.Verb == ControlVerb.Console) await ConsoleLink.ServeAsync(stream, _target.Console, ending).ConfigureAwait(false);
    }

    /// <summary>While the answer is being worked for, the client is told how far it is. One that goes away does not want it any more.</summary>
    private async Task<ControlReply> AnswerAsync(ControlRequest request, Stream client, CancellationToken ending)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ending);
        try
        {
            var progress = new LatestProgress();
            Task<ControlReply> answer = _target.AnswerAsync(request, progress, gone.Token);
            try
            {
                while (await Task.WhenAny(answer, Task.Delay(ProgressPeriod)).ConfigureAwait(false) != answer)
                {
                    if (progress.Take() is { } part) await ControlLine.WriteAsync(client, new ControlReply { Progress = part }, ControlJson.Write, CancellationToken.None).ConfigureAwait(false);
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

    /// <summary>Where frames of an adapter pass.</summary>
    /// <exception cref="DoppelException">There is no such adapter.</exception>
    CapturePoint Capture(int adapter);

    /// <param name="progress">Long work says here how far it is.</param>
    /// <param name="cancel">The client has gone, or the machine has ended.</param>
    /// <exception cref="DoppelException">It cannot be done.</exception>
    Task<ControlReply> AnswerAsync(ControlRequest request, IProgress<double> progress, CancellationToken cancel);

    /// <summary>Writes the records of a file of the machine; see <see cref="MachineSaver"/>.</summary>
    /// <exception cref="DoppelException">It cannot be done.</exception>
    Task<IReadOnlyList<SavedObject>> SaveAsync(Stream output, IProgress<double> progress, CancellationToken cancel);
}
