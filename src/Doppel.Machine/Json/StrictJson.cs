using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Doppel.Machine.Json;

/// <summary>Reads and writes records as JSON.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>A record that the framework's serializer knows.</summary>
    /// <exception cref="JsonException">It is not what it should be; also if a property is there twice, or a text is none.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> text, JsonTypeInfo<T> type) => Read(text, root => root.Deserialize(type) ?? throw new JsonException("it says null"));

    /// <inheritdoc cref="Read{T}(ReadOnlyMemory{byte}, JsonTypeInfo{T})"/>
    public static T Read<T>(ReadOnlyMemory<byte> text, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Options);
            return read(document.RootElement);
        }
        catch (InvalidOperationException exception)
        {
            // Text that is no text is found only when somebody looks at it.
            throw new JsonException(exception.Message, exception);
        }
    }

    /// <summary>Indented, as people look at it.</summary>
    public static byte[] Write<T>(T record, Action<Utf8JsonWriter, T> write) => Write(record, write, isIndented: true);

    /// <summary>One line, without its end.</summary>
    public static byte[] WriteLine<T>(T record, Action<Utf8JsonWriter, T> write) => Write(record, write, isIndented: false);

    private static byte[] Write<T>(T record, Action<Utf8JsonWriter, T> write, bool isIndented)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = isIndented })) write(writer, record);
        return text.WrittenSpan.ToArray();
    }
}
