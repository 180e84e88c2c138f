using System.Buffers.Binary;
using System.Text.Json;
using Doppel.Core.Errors;
using Doppel.Machine.Json;
using Doppel.Machine.Named.Control;

namespace Doppel.Machine.Agent;

/// <summary>
/// A guest agent over a connection to its machine's process. From the client: patience in milliseconds and length (4 bytes each, little-endian), and a request of that length. From the
/// machine: a kind (1 byte), a length (4 bytes), and as many bytes: 0 the agent's reply, 1 a <see cref="ControlReply"/> that says why there is none.
/// </summary>
internal sealed class AgentLink(string name, Stream stream) : IAgentChannel
{
    private const int ClientHeader = 8;
    private const int ServerHeader = 5;
    private const byte Reply = 0;
    private const byte Refusal = 1;

    /// <summary>The longest request, in bytes.</summary>
    private const int MaxRequest = 1 << 20;

    private readonly SemaphoreSlim _turn = new(1, 1);

    public string Name => name;

    /// <summary>The machine's end: until the client goes, or the machine ends.</summary>
    public static async Task ServeAsync(Stream stream, IAgentChannel channel, CancellationToken cancel)
    {
        byte[] header = new byte[ClientHeader];
        while (await stream.ReadAtLeastAsync(header, ClientHeader, throwOnEndOfStream: false, cancel).ConfigureAwait(false) == ClientHeader)
        {
            uint patience = BinaryPrimitives.ReadUInt32LittleEndian(header), length = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
            if (length > MaxRequest) return;
            byte[] request = new byte[length];
            await stream.ReadExactlyAsync(request, cancel).ConfigureAwait(false);
            (byte kind, ReadOnlyMemory<byte> answer) = await AnswerAsync(channel, request, TimeSpan.FromMilliseconds(Math.Min(patience, int.MaxValue)), cancel).ConfigureAwait(false);
            byte[] start = new byte[ServerHeader];
            start[0] = kind;
            BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(1), answer.Length);
            await stream.WriteAsync(start, cancel).ConfigureAwait(false);
            await stream.WriteAsync(answer, cancel).ConfigureAwait(false);
        }
    }

    public async Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request, TimeSpan patience, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel).ConfigureAwait(false);
        Task<(byte, byte[])> exchange = ExchangeAsync(request, patience);
        // Who does not want the reply any more leaves the connection in order: the next turn is when it has come.
        _ = exchange.ContinueWith(_ => _turn.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        (byte kind, byte[] answer) = await exchange.WaitAsync(cancel).ConfigureAwait(false);
        if (kind == Reply) return answer;
        try
        {
            ControlReply refusal = StrictJson.Read(answer, ControlJson.ReadReply);
            throw new DoppelException(refusal.Kind ?? ErrorKind.Failed, refusal.Error ?? $"{name}: the machine's process failed", refusal.Hint);
        }
        catch (JsonException exception)
        {
            throw Gone(exception);
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private static async Task<(byte Kind, ReadOnlyMemory<byte> Answer)> AnswerAsync(IAgentChannel channel, byte[] request, TimeSpan patience, CancellationToken cancel)
    {
        try
        {
            return (Reply, await channel.AskAsync(request, patience, cancel).ConfigureAwait(false));
        }
        catch (DoppelException exception)
        {
            var refusal = new ControlReply { Kind = exception.Kind, Error = exception.Message, Hint = exception.Hint };
            return (Refusal, StrictJson.WriteLine(refusal, ControlJson.Write));
        }
    }

    private async Task<(byte Kind, byte[] Answer)> ExchangeAsync(ReadOnlyMemory<byte> request, TimeSpan patience)
    {
        try
        {
            byte[] header = new byte[ClientHeader];
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)patience.TotalMilliseconds);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), request.Length);
            await stream.WriteAsync(header).ConfigureAwait(false);
            await stream.WriteAsync(request).ConfigureAwait(false);
            await stream.ReadExactlyAsync(header.AsMemory(0, ServerHeader)).ConfigureAwait(false);
            int length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1));
            if (length is < 0 or > AgentPort.MaxReply) throw new IOException("what it says is too long");
            byte[] answer = new byte[length];
            await stream.ReadExactlyAsync(answer).ConfigureAwait(false);
            return (header[0], answer);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            throw Gone(exception);
        }
    }

    private DoppelException Gone(Exception? exception = null) => new(ErrorKind.Unreachable, $"{name}: the machine has ended, or been stopped", "doppel ls shows its state", exception);
}
