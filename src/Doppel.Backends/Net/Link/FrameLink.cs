using System.Buffers.Binary;
using System.Net.Sockets;
using Doppel.Core.Backends;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Link;

/// <summary>
/// A cable to another process: frames over a stream socket, each with what has been left undone in it. On the wire a word of 32 bits, little-endian, whose highest octet
/// says what follows – a frame behind its <see cref="OffloadHeader"/>, or what the sender accepts – and whose others how many bytes. Thread-safe; bounded both ways: whoever does not
/// read is refused frames, and holds up whoever sends to it over this cable only.
/// </summary>
public sealed class FrameLink : INetworkPort, IAsyncDisposable
{
    private const int PrefixLength = 4;
    private const byte KindFrame = 0, KindAccepts = 1;
    private const int MaxMessage = OffloadHeader.Length + FrameDelivery.MaxLength;
    private const int MaxWaiting = 4 << 20;
    private const int FirstBuffer = 1 << 16;
    private const FrameOffloads AllOffloads = FrameOffloads.Checksum | FrameOffloads.Tcp4Segmentation | FrameOffloads.Tcp6Segmentation;
    private static readonly TimeSpan RoomPatience = TimeSpan.FromMilliseconds(50);
    private readonly Socket _socket;
    private readonly INetworkPort _near;
    private readonly object _lock = new();
    private readonly AutoResetEvent _room = new(false);
    private byte[] _waiting = new byte[FirstBuffer];
    private int _length;
    private bool _refused;
    private bool _ended;
    private FrameOffloads _told;
    private volatile FrameOffloads _accepts;

    /// <param name="socket">Connected; the link's from now on.</param>
    /// <param name="near">Who takes what comes from the other side. Nothing comes before <see cref="RunAsync"/>.</param>
    public FrameLink(Socket socket, INetworkPort near)
    {
        _socket = socket;
        _near = near;
        near.RoomAvailable += OnRoom;
    }

    public event Action? RoomAvailable;

    /// <summary>What the other side has said last that it accepts.</summary>
    public FrameOffloads Accepts => _accepts;

    public bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (!FrameDelivery.IsPossible(frame.Length, offload)) return true;
        lock (_lock)
        {
            if (_length + frame.Length > MaxWaiting)
            {
                _refused = true;
                return false;
            }

            Tell();
            Span<byte> message = Append(KindFrame, OffloadHeader.Length + frame.Length);
            OffloadHeader.Write(message, offload);
            frame.CopyTo(message[OffloadHeader.Length..]);
            Monitor.Pulse(_lock);
        }

        return true;
    }

    /// <summary>Carries frames, on two threads, until the other side goes, talks nonsense, or the link is disposed of. Call once.</summary>
    public async Task RunAsync()
    {
        lock (_lock) Tell();
        await Task.WhenAll(OnThread(Send, "doppel-cable-out"), OnThread(Receive, "doppel-cable-in")).ConfigureAwait(false);
        _room.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    /// <summary>Both directions end with the first that does.</summary>
    private void End()
    {
        _near.RoomAvailable -= OnRoom;
        lock (_lock)
        {
            _ended = true;
            Monitor.Pulse(_lock);
        }

        _socket.Dispose();
    }

    private Task OnThread(Action work, string name)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(Run) { IsBackground = true, Name = name }.Start();
        return done.Task;

        void Run()
        {
            try
            {
                work();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The other side has gone, or we are to go.
            }

            End();
            done.SetResult();
        }
    }

    private void Send()
    {
        byte[] spare = new byte[FirstBuffer];
        while (true)
        {
            int length;
            bool refused;
            lock (_lock)
            {
                while (_length == 0 && !_ended) Monitor.Wait(_lock);
                if (_ended) return;
                (spare, _waiting) = (_waiting, spare);
                (length, _length) = (_length, 0);
                (refused, _refused) = (_refused, false);
            }

            if (refused) RoomAvailable?.Invoke();
            for (int done = 0; done < length;) done += _socket.Send(spare.AsSpan(done, length - done));
        }
    }

    private void Receive()
    {
        byte[] buffer = new byte[4 * FirstBuffer];
        int have = 0;
        while (true)
        {
            int count = _socket.Receive(buffer.AsSpan(have));
            if (count == 0) return;
            have += count;
            int at = 0;
            while (have - at >= PrefixLength)
            {
                uint prefix = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at));
                int length = (int)(prefix & 0xff_ffff);
                if (length > MaxMessage) return;
                if (have - at < PrefixLength + length) break;
                if (!Take((byte)(prefix >> 24), buffer.AsSpan(at + PrefixLength, length))) return;
                at += PrefixLength + length;
            }

            buffer.AsSpan(at, have - at).CopyTo(buffer);
            have -= at;
        }
    }

    /// <returns>False if it makes no sense.</returns>
    private bool Take(byte kind, ReadOnlySpan<byte> message)
    {
        if (kind == KindAccepts)
        {
            if (message.Length != 1) return false;
            _accepts = (FrameOffloads)message[0] & AllOffloads;
            return true;
        }

        if (kind != KindFrame || message.Length < OffloadHeader.Length + FrameDelivery.HeaderLength) return false;
        ReadOnlySpan<byte> frame = message[OffloadHeader.Length..];
        if (!OffloadHeader.TryRead(message, frame, out FrameOffload offload)) return false;
        // A call that comes between the refusal and the wait is not lost; the time is a net below the net.
        while (!_near.TryDeliver(frame, offload))
        {
            if (Volatile.Read(ref _ended)) return false;
            _room.WaitOne(RoomPatience);
        }

        return true;
    }

    /// <summary>Tells the other side what is accepted here, if that has changed.</summary>
    private void Tell()
    {
        FrameOffloads accepts = _near.Accepts;
        if (accepts == _told) return;
        _told = accepts;
        Append(KindAccepts, 1)[0] = (byte)accepts;
    }

    private Span<byte> Append(byte kind, int length)
    {
        int end = _length + PrefixLength + length;
        if (end > _waiting.Length) Array.Resize(ref _waiting, Math.Max(end, 2 * _waiting.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(_waiting.AsSpan(_length), (uint)kind << 24 | (uint)length);
        Span<byte> message = _waiting.AsSpan(_length + PrefixLength, length);
        _length = end;
        return message;
    }

    private void OnRoom()
    {
        try
        {
            _room.Set();
        }
        catch (ObjectDisposedException)
        {
            // The link has ended meanwhile.
        }
    }
}
