using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using Doppel.Core.Backends;

namespace Doppel.Machine.Named.Control;

/// <summary>
/// A console over a connection. From the machine: bytes as they are. From the user: frames of a kind (1 byte), a length (2 bytes, little-endian), and as many
/// bytes: 0 what was typed, 1 columns and rows (2 bytes each).
/// </summary>
internal static class ConsoleLink
{
    private const byte Typed = 0;
    private const byte Window = 1;
    private const int HeaderLength = 3;
    private const int MaxFrame = 4096;

    /// <summary>The machine's end: until the user goes, or the machine ends.</summary>
    public static async Task ServeAsync(Stream stream, ConsoleHub hub, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var sender = new ConsoleSender(stream);
        using (hub.Watch(sender.Put)) await Task.WhenAny(sender.Ended, ReadFramesAsync(stream, hub, ended.Token)).ConfigureAwait(false);
        if (cancel.IsCancellationRequested)
        {
            // The last words of the guest are the most interesting ones.
            sender.Dispose();
            await Task.WhenAny(sender.Ended, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None)).ConfigureAwait(false);
        }

        await ended.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>The user's end: until the machine ends or <paramref name="cancel"/> is.</summary>
    public static async Task AttachAsync(NetworkStream stream, IConsoleBackend user, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var wake = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Wake() => wake.Writer.TryWrite(0);
        user.InputAvailable += Wake;
        user.Resized += Wake;
        try
        {
            Wake();
            Task sending = SendAsync(stream, user, wake.Reader, ended.Token);
            await ConsoleReceiver.RunAsync(stream, user, ended.Token).ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The user has left, or the machine is gone.
        }
        finally
        {
            user.InputAvailable -= Wake;
            user.Resized -= Wake;
        }
    }

    private static async Task ReadFramesAsync(Stream stream, ConsoleHub hub, CancellationToken cancel)
    {
        byte[] header = new byte[HeaderLength];
        byte[] body = new byte[ushort.MaxValue];
        while (await stream.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false, cancel).ConfigureAwait(false) == HeaderLength)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(1));
            await stream.ReadExactlyAsync(body.AsMemory(0, length), cancel).ConfigureAwait(false);
            if (header[0] == Typed) hub.Type(body.AsSpan(0, length));
            else if (header[0] == Window && length == 4) hub.Resize(BinaryPrimitives.ReadUInt16LittleEndian(body), BinaryPrimitives.ReadUInt16LittleEndian(body.AsSpan(2)));
        }
    }

    private static async Task SendAsync(Stream stream, IConsoleBackend user, ChannelReader<byte> wake, CancellationToken cancel)
    {
        (int Columns, int Rows) size = (0, 0);
        byte[] frame = new byte[HeaderLength + MaxFrame];
        await foreach (byte _ in wake.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            if (user.Size != size)
            {
                size = user.Size;
                BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(HeaderLength), (ushort)Math.Min(size.Columns, ushort.MaxValue));
                BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(HeaderLength + 2), (ushort)Math.Min(size.Rows, ushort.MaxValue));
                await SendFrameAsync(Window, 4).ConfigureAwait(false);
            }

            int count;
            while ((count = user.Read(frame.AsSpan(HeaderLength, MaxFrame))) > 0) await SendFrameAsync(Typed, count).ConfigureAwait(false);
        }

        async Task SendFrameAsync(byte kind, int length)
        {
            frame[0] = kind;
            BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(1), (ushort)length);
            await stream.WriteAsync(frame.AsMemory(0, HeaderLength + length), cancel).ConfigureAwait(false);
        }
    }
}
