using System.Buffers.Binary;

namespace Doppel.Machine.Portable.Format;

/// <summary>The first 16 bytes of a record: kind, encoding, two zeroes, length of the payload (32 bits), place (64 bits); little-endian.</summary>
internal readonly record struct RecordHeader(RecordKind Kind, ChunkEncoding Encoding, int Length, long Place)
{
    public const int Size = 16;

    public void Write(Span<byte> target)
    {
        target[0] = (byte)Kind;
        target[1] = (byte)Encoding;
        target[2] = target[3] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], Length);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Place);
    }

    /// <returns>Null if no record begins so: what follows must not be read then.</returns>
    public static RecordHeader? Read(ReadOnlySpan<byte> source)
    {
        var header = new RecordHeader((RecordKind)source[0], (ChunkEncoding)source[1], BinaryPrimitives.ReadInt32LittleEndian(source[4..]), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));
        (int least, int most) = header.Kind switch
        {
            RecordKind.Object => (1, PortableFormat.MaxNameLength),
            RecordKind.Chunk => (PortableFormat.DigestLength + 1, PortableFormat.DigestLength + PortableFormat.ChunkSize),
            RecordKind.Repeat => (sizeof(long), sizeof(long)),
            RecordKind.EndOfObject or RecordKind.End => (PortableFormat.DigestLength, PortableFormat.DigestLength),
            _ => (int.MaxValue, 0),
        };
        bool known = header.Encoding <= (header.Kind == RecordKind.Chunk ? ChunkEncoding.Brotli : ChunkEncoding.Plain);
        return known && source[2] == 0 && source[3] == 0 && header.Length >= least && header.Length <= most && header.Place is >= 0 and <= PortableFormat.MaxLength ? header : null;
    }
}
