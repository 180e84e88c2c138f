using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Doppel.Machine.Json;

namespace Doppel.Machine.Named.Control;

/// <summary>One line of JSON at a time on a stream, and not a byte beyond it.</summary>
internal static class ControlLine
{
    private const int MaxLength = 64 << 10;

    /// <summary>A message that is written by hand.</summary>
    public static Task WriteAsync<T>(Stream stream, T message, Action<Utf8JsonWriter, T> write, CancellationToken cancel) => WriteAsync(stream, StrictJson.WriteLine(message, write), cancel);

    /// <summary>A message that the framework's serializer knows.</summary>
    public static Task WriteAsync<T>(Stream stream, T message, JsonTypeInfo<T> type, CancellationToken cancel) => WriteAsync(stream, JsonSerializer.SerializeToUtf8Bytes(message, type), cancel);

    /// <inheritdoc cref="ReadAsync{T}(Stream, JsonTypeInfo{T}, CancellationToken)"/>
    public static async Task<T> ReadAsync<T>(Stream stream, Func<JsonElement, T> read, CancellationToken cancel) => StrictJson.Read(await ReadAsync(stream, cancel).ConfigureAwait(false), read);

    /// <exception cref="EndOfStreamException">The other side has gone.</exception>
    /// <exception cref="JsonException">It is no such message.</exception>
    public static async Task<T> ReadAsync<T>(Stream stream, JsonTypeInfo<T> type, CancellationToken cancel) => StrictJson.Read(await ReadAsync(stream, cancel).ConfigureAwait(false), type);

    private static async Task WriteAsync(Stream stream, byte[] json, CancellationToken cancel)
    {
        byte[] line = [.. json, (byte)'\n'];
        await stream.WriteAsync(line, cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one, cancel).ConfigureAwait(false) == 0) throw new EndOfStreamException("the connection has ended");
            if (one[0] == (byte)'\n') return [.. line];
            if (line.Count == MaxLength) throw new JsonException("it is too long");
            line.Add(one[0]);
        }
    }
}
