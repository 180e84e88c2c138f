using System.Text.Json;

namespace Doppel.Machine.Json;

/// <summary>
/// The properties of a JSON object, as what they should be. One that is not there has its usual value, as earlier versions did not know all; one that is there and is something else
/// is an error that names it.
/// </summary>
/// <remarks>
/// The serializer of the framework would do as well, but has to be compiled for each type of property whenever a process starts (decision 0027).
/// </remarks>
internal readonly struct JsonFields
{
    private readonly JsonElement _object;

    /// <exception cref="JsonException">It is no object.</exception>
    public JsonFields(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new JsonException("there is something else where an object belongs");
        _object = element;
    }

    /// <exception cref="JsonException">There is none.</exception>
    public JsonElement Required(string name) => _object.TryGetProperty(name, out JsonElement value) ? value : throw new JsonException($"it has no '{name}'");

    /// <summary>The object of that name; null if there is none, or it is null.</summary>
    public JsonElement? Object(string name) => Find(name) is { ValueKind: not JsonValueKind.Null } value ? value : null;

    public string Text(string name, string usual) => Find(name) is { } value ? Text(value, name) : usual;

    public string RequiredText(string name) => Text(Required(name), name);

    public string? OptionalText(string name) => Object(name) is { } value ? Text(value, name) : null;

    public bool Flag(string name, bool usual = false) => Find(name) is not { } value ? usual : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name);

    public int Number(string name, int usual) => Find(name) is not { } value ? usual : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : throw Wrong(name);

    public int RequiredNumber(string name) => Required(name).ValueKind != JsonValueKind.Null ? Number(name, 0) : throw Wrong(name);

    public long Number(string name, long usual) => Find(name) is not { } value ? usual : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : throw Wrong(name);

    public ulong Number(string name, ulong usual) => OptionalNumber(name, refuseNull: true) ?? usual;

    public long RequiredLong(string name) => Required(name).ValueKind != JsonValueKind.Null ? Number(name, 0L) : throw Wrong(name);

    public ulong RequiredUnsigned(string name) => Required(name).ValueKind != JsonValueKind.Null ? Number(name, 0UL) : throw Wrong(name);

    public ushort Number(string name, ushort usual) => Find(name) is { } value ? Short(value, name) : usual;

    public ulong? OptionalNumber(string name) => OptionalNumber(name, refuseNull: false);

    public bool? OptionalFlag(string name) => Object(name) is null ? null : Flag(name);

    /// <summary>A number that may have a fraction.</summary>
    public double? OptionalReal(string name) => Object(name) is not { } value ? null : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Wrong(name);

    public Guid RequiredId(string name) => Id(Required(name), name);

    public Guid? OptionalId(string name) => Object(name) is { } value ? Id(value, name) : null;

    public DateTimeOffset? OptionalTime(string name) => Object(name) is not { } value ? null : value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out DateTimeOffset time) ? time : throw Wrong(name);

    public DateTimeOffset RequiredTime(string name) => (Required(name).ValueKind == JsonValueKind.Null ? null : OptionalTime(name)) ?? throw Wrong(name);

    /// <summary>One of a list of names, or several of one that allows it.</summary>
    public T Choice<T>(string name, T usual)
        where T : struct, Enum => OptionalChoice<T>(name, refuseNull: true) ?? usual;

    public T RequiredChoice<T>(string name)
        where T : struct, Enum => Required(name).ValueKind != JsonValueKind.Null ? Choice<T>(name, default) : throw Wrong(name);

    public T? OptionalChoice<T>(string name)
        where T : struct, Enum => OptionalChoice<T>(name, refuseNull: false);

    public string[] Texts(string name) => Array(name, static (value, name) => Text(value, name));

    public ushort[] Shorts(string name) => Array(name, static (value, name) => Short(value, name));

    public Guid[] Ids(string name) => Array(name, static (value, name) => Id(value, name));

    public long[] Longs(string name) => Array(name, static (value, name) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : throw Wrong(name));

    /// <summary>Bytes in base64.</summary>
    public byte[] RequiredBytes(string name) => Base64(Required(name), name);

    /// <summary>Each element bytes in base64.</summary>
    public ReadOnlyMemory<byte>[] Bytes(string name) =>
        Array(name, static (value, name) => new ReadOnlyMemory<byte>(Base64(value, name)));

    /// <summary>All elements of an array; none if it is not there.</summary>
    /// <param name="read">Makes something of an element; it is told the array's name.</param>
    public T[] Array<T>(string name, Func<JsonElement, string, T> read)
    {
        if (Find(name) is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name);
        var all = new T[value.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in value.EnumerateArray()) all[count++] = read(element, name);
        return all;
    }

    private static string Text(JsonElement value, string name) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name);

    private static Guid Id(JsonElement value, string name) => value.ValueKind == JsonValueKind.String && value.TryGetGuid(out Guid id) ? id : throw Wrong(name);

    private static byte[] Base64(JsonElement value, string name) => value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw Wrong(name);

    private static ushort Short(JsonElement value, string name) => value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out ushort number) ? number : throw Wrong(name);

    private static JsonException Wrong(string name) => new($"'{name}' is not what it should be");

    private JsonElement? Find(string name) => _object.TryGetProperty(name, out JsonElement value) ? value : null;

    private ulong? OptionalNumber(string name, bool refuseNull)
    {
        if (Find(name) is not { } value || (!refuseNull && value.ValueKind == JsonValueKind.Null)) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number) ? number : throw Wrong(name);
    }

    private T? OptionalChoice<T>(string name, bool refuseNull)
        where T : struct, Enum
    {
        if (Find(name) is not { } value || (!refuseNull && value.ValueKind == JsonValueKind.Null)) return null;
        string text = Text(value, name);
        // Not what parses as a number.
        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse(typeof(T), text, out object? choice) ? (T)choice : throw Wrong(name);
    }
}
