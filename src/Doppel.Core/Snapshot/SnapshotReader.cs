using System.Buffers.Binary;
using System.Text;

namespace Doppel.Core.Snapshot;

/// <summary>Reads what <see cref="SnapshotWriter"/> wrote. Fields are found by tag in any order; the input is not trusted.</summary>
public sealed class SnapshotReader
{
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _fields = [];

    /// <exception cref="SnapshotException">The input is truncated, or a tag is repeated or not text.</exception>
    public SnapshotReader(ReadOnlyMemory<byte> input)
    {
        while (!input.IsEmpty)
        {
            ReadOnlySpan<byte> span = input.Span;
            int tagLength = span[0];
            if (tagLength == 0 || span.Length < 1 + tagLength + 4) throw new SnapshotException("The saved state is truncated in a tag.");
            string tag;
            try
            {
                tag = Strict.GetString(span.Slice(1, tagLength));
            }
            catch (DecoderFallbackException)
            {
                throw new SnapshotException("A tag of the saved state is not text.");
            }

            // Tags are shown in messages: none may play tricks on a terminal.
            if (tag.Any(char.IsControl)) throw new SnapshotException("A tag of the saved state is not text.");
            int length = BinaryPrimitives.ReadInt32LittleEndian(span[(1 + tagLength)..]);
            int start = 1 + tagLength + 4;
            if (length < 0 || length > span.Length - start) throw new SnapshotException($"The saved state is truncated in '{tag}'.");
            if (!_fields.TryAdd(tag, input.Slice(start, length))) throw new SnapshotException($"The saved state has '{tag}' twice.");
            input = input[(start + length)..];
        }
    }

    private static readonly Encoding Strict = new UTF8Encoding(false, true);

    /// <summary>Of all fields, in no order.</summary>
    public IEnumerable<string> Tags => _fields.Keys;

    public bool Has(string tag) => _fields.ContainsKey(tag);

    /// <summary>The value, or <paramref name="missing"/> if there is no such field.</summary>
    /// <exception cref="SnapshotException">The field has another size.</exception>
    public ulong GetUInt64(string tag, ulong missing = 0)
    {
        if (!_fields.TryGetValue(tag, out ReadOnlyMemory<byte> field)) return missing;
        if (field.Length != 8) throw new SnapshotException($"'{tag}' has {field.Length} bytes instead of 8.");
        return BinaryPrimitives.ReadUInt64LittleEndian(field.Span);
    }

    /// <summary>As the other overload, refusing what is above <paramref name="max"/>.</summary>
    public ulong GetUInt64(string tag, ulong missing, ulong max)
    {
        ulong value = GetUInt64(tag, missing);
        return value <= max ? value : throw new SnapshotException($"'{tag}' is {value}, more than {max}.");
    }

    public long GetInt64(string tag, long missing = 0) => (long)GetUInt64(tag, (ulong)missing);

    public bool GetBoolean(string tag, bool missing = false) => GetUInt64(tag, missing ? 1UL : 0UL, 1) != 0;

    public string GetString(string tag, string missing, int maxBytes = 4096)
    {
        try
        {
            return _fields.ContainsKey(tag) ? Strict.GetString(GetBytes(tag, maxBytes).Span) : missing;
        }
        catch (DecoderFallbackException)
        {
            throw new SnapshotException($"'{tag}' is not text.");
        }
    }

    /// <summary>The payload; empty if there is no such field.</summary>
    public ReadOnlyMemory<byte> GetBytes(string tag, int maxBytes)
    {
        if (!_fields.TryGetValue(tag, out ReadOnlyMemory<byte> field)) return default;
        return field.Length <= maxBytes ? field : throw new SnapshotException($"'{tag}' has {field.Length} bytes, more than {maxBytes}.");
    }

    /// <summary>Fills <paramref name="destination"/> from a field of exactly that many values; leaves it alone if there is no such field.</summary>
    public void GetUInt64s(string tag, Span<ulong> destination)
    {
        if (!_fields.TryGetValue(tag, out ReadOnlyMemory<byte> field)) return;
        if (field.Length != destination.Length * 8) throw new SnapshotException($"'{tag}' has {field.Length} bytes instead of {destination.Length * 8}.");
        for (int i = 0; i < destination.Length; i++) destination[i] = BinaryPrimitives.ReadUInt64LittleEndian(field.Span[(i * 8)..]);
    }

    /// <summary>A nested group; an empty one if there is no such field.</summary>
    public SnapshotReader GetGroup(string tag) => new(_fields.GetValueOrDefault(tag));
}
