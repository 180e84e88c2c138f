using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Doppel.Machine.Named.Control;

/// <summary>One line of JSON at a time on a stream, and not a byte beyond it.</summary>
internal static class ControlLine
{
    private const int MaxLength = 64 << 10;

    public static async Task WriteAsync<T>(Stream stream, T message, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(message, type), (byte)'\n'];
        await stream.WriteAsync(line, cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
    }

    /// <exception cref="EndOfStreamException">The other side has gone.</exception>
    /// <exception cref="JsonException">It is no such message.</exception>
    public static async Task<T> ReadAsync<T>(Stream stream, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one, cancel).ConfigureAwait(false) == 0) throw new EndOfStreamException("the connection has ended");
            if (one[0] == (byte)'\n') return JsonSerializer.Deserialize([.. line], type) ?? throw new JsonException("it says null");
            if (line.Count == MaxLength) throw new JsonException("it is too long");
            line.Add(one[0]);
        }
    }
}
