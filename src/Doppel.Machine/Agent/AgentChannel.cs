// QEMU guest agent protocol (QEMU 10.0, docs/interop/qemu-ga-ref): requests and replies, "guest-sync-delimited".
using System.Text.Json;
using Doppel.Core.Errors;

namespace Doppel.Machine.Agent;

/// <summary>
/// Talks with a guest's agent in the process of its machine. Before the first request, and after everything that went wrong, both sides agree on where they are
/// (guest-sync-delimited); so a reply that comes too late is never taken for that of the next request.
/// </summary>
internal sealed class AgentChannel(string name, AgentPort port) : IAgentChannel
{
    private static readonly TimeSpan SyncPatience = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>The epoch in which both sides agree; null if they do not.</summary>
    private int? _agreed;

    public string Name => name;

    public async Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request, TimeSpan patience, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (!port.IsOpen) throw NoAgent(name);
            using IDisposable listening = port.Listen();
            int epoch = port.Epoch;
            if (_agreed != epoch) await WithinAsync(SyncPatience, limit => SyncAsync(epoch, limit), cancel).ConfigureAwait(false);

            // Until the reply is there, nobody knows.
            _agreed = null;
            byte[] reply = await WithinAsync(patience, limit =>
            {
                port.Send(Line(request.Span));
                return port.ReadLineAsync(epoch, limit);
            }, cancel).ConfigureAwait(false);
            _agreed = epoch;
            return reply;
        }
        finally
        {
            _turn.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The guest has no agent, or it does not run yet.</summary>
    public static DoppelException NoAgent(string name) =>
        new(ErrorKind.Unreachable, $"{name}: no agent runs in its guest", $"doppel wait {name} --for agent while it boots; install qemu-guest-agent if the guest has none");

    private async Task<T> WithinAsync<T>(TimeSpan patience, Func<CancellationToken, Task<T>> ask, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new DoppelException(ErrorKind.Unreachable, $"{name}: its guest agent did not answer within {patience.TotalSeconds:0.###} s", $"doppel console {name} shows what the guest does");
        }
        catch (AgentFailure exception)
        {
            throw new DoppelException(ErrorKind.Unreachable, $"{name}: its guest agent failed: {exception.Message}", "once more, or restart the agent in the guest", exception);
        }
    }

    private async Task<bool> SyncAsync(int epoch, CancellationToken cancel)
    {
        int id = Random.Shared.Next(1, int.MaxValue);
        byte[] request = AgentMessage.Request("guest-sync-delimited", new AgentArguments { Id = id });
        port.Send(Line([AgentPort.Sentinel, .. request]));
        while (!IsReplyTo(id, await port.ReadLineAsync(epoch, cancel).ConfigureAwait(false)))
        {
            // Of an earlier request, or the rest of a line.
        }

        return true;
    }

    private static bool IsReplyTo(int id, byte[] line)
    {
        try
        {
            return AgentMessage.Parse(line).TryGetInt64(out long said) && said == id;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or AgentError)
        {
            return false;
        }
    }

    private static byte[] Line(ReadOnlySpan<byte> request) => [.. request, (byte)'\n'];
}
