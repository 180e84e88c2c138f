using System.IO.Compression;

namespace Doppel.Machine.Portable.Format;

/// <summary>Content of a chunk to what is stored, and back.</summary>
internal static class ChunkCoder
{
    /// <summary>What pays on RAM and disks: docs/portable.md.</summary>
    private const int Quality = 1;

    /// <summary>Ends at the size of a chunk: a larger window would have nothing to look at.</summary>
    private const int WindowBits = 16;

    /// <summary>Packs content into a buffer behind its digest.</summary>
    /// <param name="payload">At least <see cref="PortableFormat.DigestLength"/> and as many bytes as the content has.</param>
    /// <returns>The encoding, and how many bytes of the payload are used.</returns>
    public static (ChunkEncoding Encoding, int Length) Encode(ReadOnlySpan<byte> content, Digest digest, Span<byte> payload)
    {
        digest.Write(payload);
        // What does not become shorter is stored as it is.
        Span<byte> room = payload.Slice(PortableFormat.DigestLength, content.Length);
        if (BrotliEncoder.TryCompress(content, room[..^1], out int packed, Quality, WindowBits)) return (ChunkEncoding.Brotli, PortableFormat.DigestLength + packed);
        content.CopyTo(room);
        return (ChunkEncoding.Plain, PortableFormat.DigestLength + content.Length);
    }

    /// <summary>Unpacks content, never more than there is room for.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public static string? Decode(ChunkEncoding encoding, ReadOnlySpan<byte> payload, Span<byte> content)
    {
        ReadOnlySpan<byte> stored = payload[PortableFormat.DigestLength..];
        if (encoding == ChunkEncoding.Plain)
        {
            if (stored.Length != content.Length) return $"a chunk of {stored.Length} bytes where {content.Length} belong";
            stored.CopyTo(content);
        }
        else if (!BrotliDecoder.TryDecompress(stored, content, out int written) || written != content.Length)
        {
            return "a chunk that cannot be unpacked";
        }

        return Digest.Of(content) == Digest.Read(payload) ? null : "a chunk whose content is not what was saved";
    }
}
