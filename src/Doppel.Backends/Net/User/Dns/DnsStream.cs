// RFC 7766: DNS transport over TCP.
using System.Buffers.Binary;
using System.Net.Sockets;
using Doppel.Backends.Net.User.Tcp;

namespace Doppel.Backends.Net.User.Dns;

/// <summary>The DNS proxy as the other end of a TCP connection: each message behind two bytes of its length, several at a time.</summary>
internal sealed class DnsStream(DnsProxy proxy) : IHostStream
{
    private const int MaxPending = 16;

    /// <summary>Answers that wait for the guest; a guest that asks and does not listen is cut off.</summary>
    private const int MaxWaiting = 1 << 20;

    private readonly ByteRing _questions = new();
    private readonly ByteRing _answers = new();
    private int _pending;
    private bool _asking;
    private bool _guestEnded;
    private bool _closed;

    public HostStreamState State { get; private set; } = HostStreamState.Open;

    public SocketError Error => SocketError.ConnectionReset;

    public Action Changed { private get; set; } = () => { };

    public int Unsent => _questions.Count;

    public void Connect()
    {
    }

    public void Send(ReadOnlySpan<byte> data)
    {
        if (_closed) return;
        _questions.Add(data);
        AskNext();
    }

    public void EndSending() => _guestEnded = true;

    public int Receive(Span<byte> buffer, out bool ended)
    {
        int count = Math.Min(buffer.Length, _answers.Count);
        _answers.CopyTo(0, buffer[..count]);
        _answers.Consume(count);
        ended = count == 0 && _guestEnded && _pending == 0;
        return count;
    }

    public void Close()
    {
        _closed = true;
        _questions.Dispose();
        _answers.Dispose();
    }

    public void Abort() => Close();

    private void AskNext()
    {
        // Many questions are answered at once, and each answer comes back here.
        if (_asking) return;
        _asking = true;
        AskAll();
        _asking = false;
    }

    private void AskAll()
    {
        Span<byte> prefix = stackalloc byte[2];
        while (_pending < MaxPending && _questions.Count >= 2)
        {
            _questions.CopyTo(0, prefix);
            int length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
            if (_questions.Count < 2 + length) return;
            byte[] query = new byte[length];
            _questions.CopyTo(2, query);
            _questions.Consume(2 + length);
            _pending++;
            if (proxy.Ask(query, stream: true, Answered)) continue;
            State = HostStreamState.Failed;
            return;
        }
    }

    private void Answered(byte[] answer)
    {
        _pending--;
        if (_closed) return;
        if (_answers.Count > MaxWaiting)
        {
            State = HostStreamState.Failed;
        }
        else
        {
            Span<byte> prefix = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)answer.Length);
            _answers.Add(prefix);
            _answers.Add(answer);
            AskNext();
        }

        Changed();
    }
}
