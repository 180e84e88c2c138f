// The .doppel format, version 1: docs/portable.md.
namespace Doppel.Machine.Portable.Format;

/// <summary>The numbers of the format, among them the bounds that a reader holds its input to.</summary>
internal static class PortableFormat
{
    public const ushort Version = 1;

    /// <summary>Bytes of a chunk; the last one of an object may be shorter.</summary>
    public const int ChunkSize = 64 << 10;

    /// <summary>Only so many chunks, the first ones of a file, can be repeated: what a writer and a reader have to remember is bounded.</summary>
    public const int MaxRepeatable = 4 << 20;

    public const int MaxObjects = 100_000;

    public const int MaxNameLength = 200;

    /// <summary>Bytes of an object.</summary>
    public const long MaxLength = 1L << 52;

    public const int DigestLength = 32;

    /// <summary>Bytes behind each record: the first ones of the SHA-256 of all that is before them.</summary>
    public const int CheckLength = 8;

    /// <summary>As PNG's: damage by transfers that change line ends or the eighth bit, or stop at a control character, shows at once.</summary>
    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'L', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Names of objects are chosen by us and never become paths. Small letters, digits, and single <c>. _ - /</c> between them.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxNameLength) return false;
        bool between = true;
        foreach (char c in name)
        {
            bool letter = char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
            if (!letter && (between || !"._-/@".Contains(c))) return false;
            between = !letter;
        }

        return !between;
    }
}

/// <summary>What a record is.</summary>
internal enum RecordKind : byte
{
    /// <summary>An object begins. Place: its length in bytes. Payload: its name.</summary>
    Object = 1,

    /// <summary>Content that was not in the file before. Place: its offset in the object. Payload: its SHA-256, then the content by the record's encoding.</summary>
    Chunk = 2,

    /// <summary>Content that was in the file before. Place: its offset in the object. Payload: the number of the chunk, 64 bits.</summary>
    Repeat = 3,

    /// <summary>The object is complete. Place: how many chunks it has, new and repeated. Payload: its <see cref="ObjectDigest"/>.</summary>
    EndOfObject = 4,

    /// <summary>The file is complete. Place: how many objects it has. Payload: SHA-256 of all that is before this record, but for the header of the file.</summary>
    End = 5,
}

/// <summary>How the content of a chunk is stored.</summary>
internal enum ChunkEncoding : byte
{
    Plain = 0,

    /// <summary>RFC 7932.</summary>
    Brotli = 1,
}
