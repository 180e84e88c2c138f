// Implements: the file of a layer, version 1: docs/snapshots.md, "The store".
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Doppel.Machine.Snapshots;

/// <summary>
/// What stands behind the bytes of a layer: the index, an entry for each unit that is not all zeroes (its number, 8 bytes, and the SHA-256 of its bytes, 32), and the footer.
/// Numbers are little-endian.
/// </summary>
internal static class LayerFormat
{
    /// <summary>Bytes that have a checksum together: 64 KiB. The last unit of a layer may be shorter.</summary>
    public const int UnitSize = 64 << 10;
    public const int EntrySize = 8 + SHA256.HashSizeInBytes;
    public const int FooterSize = 128;

    /// <summary>What the index begins at a multiple of, so that the last page can be mapped whole.</summary>
    private const long Alignment = 64 << 10;

    /// <summary>Units of 1 TiB: what the index of one layer may have in memory.</summary>
    private const int MaxEntries = 1 << 24;

    private const int Version = 1;
    private const int HashedFooter = FooterSize - SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "DOPLAYER"u8;

    /// <summary>Where the index of a layer of so many bytes begins.</summary>
    public static long IndexOffset(long length) => (length + Alignment - 1) / Alignment * Alignment;

    public static long Units(long length) => (length + UnitSize - 1) / UnitSize;

    /// <summary>How many bytes a unit has.</summary>
    public static int SizeOf(long unit, long length) => (int)Math.Min(UnitSize, length - (unit * UnitSize));

    public static byte[] WriteFooter(LayerFooter footer)
    {
        byte[] bytes = new byte[FooterSize];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), UnitSize);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), footer.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), footer.Entries);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), footer.Stored);
        _ = footer.Id.TryWriteBytes(bytes.AsSpan(40));
        footer.IndexHash.CopyTo(bytes.AsSpan(56));
        SHA256.HashData(bytes.AsSpan(0, HashedFooter), bytes.AsSpan(HashedFooter));
        return bytes;
    }

    /// <returns>Null if it is none.</returns>
    public static LayerFooter? ReadFooter(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Magic) || !SHA256.HashData(bytes[..HashedFooter]).AsSpan().SequenceEqual(bytes[HashedFooter..])) return null;
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != Version || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != UnitSize) return null;
        var footer = new LayerFooter(
            new Guid(bytes.Slice(40, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]), bytes.Slice(56, SHA256.HashSizeInBytes).ToArray());
        return footer.Length is > 0 and <= 1L << 56 && footer.Entries >= 0 && footer.Entries <= Math.Min(MaxEntries, Units(footer.Length)) && footer.Stored >= 0 ? footer : null;
    }
}

/// <summary>What a layer says of itself.</summary>
/// <param name="Length">Bytes of what it is a layer of.</param>
/// <param name="Entries">Units that are not all zeroes.</param>
/// <param name="Stored">Bytes that were written.</param>
internal sealed record LayerFooter(Guid Id, long Length, long Entries, long Stored, byte[] IndexHash);
