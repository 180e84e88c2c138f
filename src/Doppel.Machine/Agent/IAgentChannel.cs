using Doppel.Core.Errors;

namespace Doppel.Machine.Agent;

/// <summary>Carries requests to a guest agent and its replies back, one at a time; thread-safe, who comes meanwhile waits for its turn.</summary>
internal interface IAgentChannel : IAsyncDisposable
{
    /// <summary>Of the machine, for messages.</summary>
    string Name { get; }

    /// <summary>Sends a request and waits for the reply.</summary>
    /// <param name="request">A line of JSON, without its end.</param>
    /// <param name="patience">How long the guest may take, from the moment when it is its turn.</param>
    /// <returns>The reply: a line without its end, at most <see cref="AgentPort.MaxReply"/> bytes. It is the guest's, and need not be JSON.</returns>
    /// <exception cref="DoppelException">There is no agent, it does not answer in time or nothing that makes sense (<see cref="ErrorKind.Unreachable"/>).</exception>
    Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request, TimeSpan patience, CancellationToken cancel);
}
