using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Core.Errors;
using Doppel.Machine.Portable.Format;

namespace Doppel.Machine.Portable;

/// <summary>
/// A machine that is saved while it runs, over a connection to its process: frames of a kind (1 byte), a length (32 bits, little-endian), and as many bytes: 0 records of the
/// file, not encrypted, 1 the progress (64 bits, floating point), 2 the end, as JSON.
/// </summary>
internal static class SaveLink
{
    private const byte Records = 0;
    private const byte Progress = 1;
    private const byte End = 2;
    private const int HeaderLength = 5;
    private const int MaxFrame = 1 << 20;

    /// <summary>The machine's end.</summary>
    /// <param name="save">Writes the records.</param>
    public static async Task ServeAsync(Stream stream, Func<Stream, IProgress<double>, CancellationToken, Task<IReadOnlyList<SavedObject>>> save, CancellationToken cancel)
    {
        var frames = new FrameStream(stream);
        await using (frames.ConfigureAwait(false))
        {
            SaveEnd end;
            try
            {
                end = new SaveEnd { Objects = await save(frames, frames, cancel).ConfigureAwait(false) };
            }
            catch (DoppelException exception)
            {
                end = new SaveEnd { Kind = exception.Kind, Error = exception.Message, Hint = exception.Hint };
            }
            catch (OperationCanceledException)
            {
                end = new SaveEnd { Kind = ErrorKind.WrongState, Error = "the machine ended while it was saved", Hint = "save it once more" };
            }

            await frames.PutAsync(End, JsonSerializer.SerializeToUtf8Bytes(end, SaveJson.Default.SaveEnd), CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The user's end.</summary>
    /// <param name="name">The machine's, for messages.</param>
    /// <exception cref="DoppelException">What the machine's process says, or that it is gone.</exception>
    public static async Task<IReadOnlyList<SavedObject>> ReceiveAsync(Stream stream, string name, Stream output, IProgress<double>? progress, CancellationToken cancel)
    {
        byte[] header = new byte[HeaderLength];
        byte[] body = new byte[MaxFrame];
        while (true)
        {
            int length;
            try
            {
                await stream.ReadExactlyAsync(header, cancel).ConfigureAwait(false);
                length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1));
                if (length is < 0 or > MaxFrame) throw new IOException("it talks nonsense");
                await stream.ReadExactlyAsync(body.AsMemory(0, length), cancel).ConfigureAwait(false);
            }
            catch (IOException exception)
            {
                throw new DoppelException(ErrorKind.Unreachable, $"{name}: the machine's process has gone while it was saved: {exception.Message.TrimEnd('.')}", "doppel ls shows its state", exception);
            }

            switch (header[0])
            {
                case Records:
                    await output.WriteAsync(body.AsMemory(0, length), cancel).ConfigureAwait(false);
                    break;
                case Progress when length == sizeof(double):
                    progress?.Report(BinaryPrimitives.ReadDoubleLittleEndian(body));
                    break;
                case End:
                    SaveEnd end = JsonSerializer.Deserialize(body.AsSpan(0, length), SaveJson.Default.SaveEnd)!;
                    return end.Kind is { } kind ? throw new DoppelException(kind, end.Error ?? $"{name}: cannot be saved", end.Hint) : end.Objects;
            }
        }
    }

    /// <summary>Records and progress as frames. One writer, and progress from any thread, which waits for the next records.</summary>
    private sealed class FrameStream(Stream stream) : OneWayStream, IProgress<double>
    {
        private readonly byte[] _buffer = new byte[1 << 16];
        private int _filled;
        private double _progress = -1;

        public override bool CanWrite => true;

        public void Report(double value) => Volatile.Write(ref _progress, value);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!buffer.IsEmpty)
            {
                if (_filled == _buffer.Length) await FlushAsync(cancellationToken).ConfigureAwait(false);
                int count = Math.Min(buffer.Length, _buffer.Length - _filled);
                buffer.Span[..count].CopyTo(_buffer.AsSpan(_filled));
                _filled += count;
                buffer = buffer[count..];
            }
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            int count = _filled;
            _filled = 0;
            if (count > 0) await PutAsync(Records, _buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            double progress = Interlocked.Exchange(ref _progress, -1);
            if (progress < 0) return;
            byte[] value = new byte[sizeof(double)];
            BinaryPrimitives.WriteDoubleLittleEndian(value, progress);
            await PutAsync(Progress, value, cancellationToken).ConfigureAwait(false);
        }

        public async Task PutAsync(byte kind, ReadOnlyMemory<byte> body, CancellationToken cancel)
        {
            byte[] header = new byte[HeaderLength];
            header[0] = kind;
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(1), body.Length);
            await stream.WriteAsync(header, cancel).ConfigureAwait(false);
            await stream.WriteAsync(body, cancel).ConfigureAwait(false);
        }
    }
}

/// <summary>How saving a running machine ended.</summary>
internal sealed record SaveEnd
{
    public IReadOnlyList<SavedObject> Objects { get; init; } = [];

    /// <summary>What went wrong, with <see cref="Error"/> and <see cref="Hint"/>.</summary>
    public ErrorKind? Kind { get; init; }

    public string? Error { get; init; }

    public string? Hint { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SaveEnd))]
internal sealed partial class SaveJson : JsonSerializerContext;
