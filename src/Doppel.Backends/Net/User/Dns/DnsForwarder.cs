using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Doppel.Backends.Net.User.Dns;

/// <summary>Asks the host's resolvers, each question from a port and with a number of its own, so that answers are hard to forge.</summary>
internal sealed class DnsForwarder(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time)
{
    private static readonly TimeSpan DatagramPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StreamPatience = TimeSpan.FromSeconds(5);
    private const int Rounds = 2;

    /// <summary>The answer of the first resolver that gives one; null if none does.</summary>
    /// <param name="stream">Whether to ask over TCP, because the answer may be long.</param>
    public async Task<byte[]?> AskAsync(ReadOnlyMemory<byte> query, DnsQuestion question, bool stream, CancellationToken cancel)
    {
        byte[] own = query.ToArray();
        for (int round = 0; round < (stream ? 1 : Rounds); round++)
        {
            foreach (IPEndPoint server in servers())
            {
                ushort id = (ushort)Random.Shared.Next(0x10000);
                BinaryPrimitives.WriteUInt16BigEndian(own, id);
                using var patience = new CancellationTokenSource(stream ? StreamPatience : DatagramPatience, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
                try
                {
                    byte[] answer = stream ? await AskStreamAsync(server, own, either.Token).ConfigureAwait(false) : await AskDatagramAsync(server, own, id, question, either.Token).ConfigureAwait(false);
                    if (!DnsMessage.IsResponse(answer, id, question)) continue;
                    query.Span[..2].CopyTo(answer);
                    return answer;
                }
                catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
                {
                    // The next one may know.
                    if (cancel.IsCancellationRequested) return null;
                }
            }
        }

        return null;
    }

    private static async Task<byte[]> AskDatagramAsync(IPEndPoint server, byte[] query, ushort id, DnsQuestion question, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await socket.SendAsync(query, SocketFlags.None, cancel).ConfigureAwait(false);
        byte[] buffer = new byte[DnsMessage.MaxLength];
        while (true)
        {
            int count = await socket.ReceiveAsync(buffer, SocketFlags.None, cancel).ConfigureAwait(false);

            // What is not the answer to this question may be a forgery, and the answer may still come.
            if (DnsMessage.IsResponse(buffer.AsSpan(0, count), id, question)) return buffer[..count];
        }
    }

    private static async Task<byte[]> AskStreamAsync(IPEndPoint server, byte[] query, CancellationToken cancel)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        using var network = new NetworkStream(socket);
        byte[] framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await network.WriteAsync(framed, cancel).ConfigureAwait(false);
        byte[] length = new byte[2];
        await network.ReadExactlyAsync(length, cancel).ConfigureAwait(false);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await network.ReadExactlyAsync(answer, cancel).ConfigureAwait(false);
        return answer;
    }
}
