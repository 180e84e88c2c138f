// Implements: gzip (RFC 1952) and Linux's EFI zboot wrapper (drivers/firmware/efi/libstub/zboot-header.S) around a kernel.
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Doppel.Machine.Loaders;

/// <summary>Takes the packing off a kernel.</summary>
internal static class CompressedImage
{
    private const int MaxUnpacked = 1 << 30;

    /// <returns>False if the file is not packed.</returns>
    /// <exception cref="ImageFormatException">It is packed in a way that cannot be undone here, or damaged.</exception>
    public static bool TryUnpack(ReadOnlyMemory<byte> file, out ReadOnlyMemory<byte> unpacked)
    {
        ReadOnlySpan<byte> span = file.Span;
        unpacked = default;
        if (span.Length >= 64 && span.StartsWith("MZ"u8) && span.Slice(4, 4).SequenceEqual("zimg"u8))
        {
            unpacked = UnpackZboot(file);
            return true;
        }

        if (IsGzip(span))
        {
            unpacked = Gunzip(file);
            return true;
        }

        string? other = span switch
        {
            _ when span.StartsWith((ReadOnlySpan<byte>)[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) => "xz",
            _ when span.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) => "zstd",
            _ when span.StartsWith("BZh"u8) => "bzip2",
            _ when span.StartsWith((ReadOnlySpan<byte>)[0x02, 0x21, 0x4c, 0x18]) => "lz4",
            _ => null,
        };
        return other is null ? false : throw new ImageFormatException($"is compressed with {other}", "unpack it first; only gzip is unpacked here");
    }

    private static bool IsGzip(ReadOnlySpan<byte> span) => span.Length >= 18 && span[0] == 0x1f && span[1] == 0x8b && span[2] == 8;

    private static ReadOnlyMemory<byte> UnpackZboot(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> span = file.Span;
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(span[8..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(span[12..]);
        string method = Encoding.ASCII.GetString(span.Slice(0x18, 32)).Split('\0')[0];
        if (offset > span.Length || length > span.Length - offset) throw new ImageFormatException("is truncated: the packed kernel inside is not complete", "copy or build the file again");
        ReadOnlyMemory<byte> payload = file.Slice((int)offset, (int)length);
        if (method != "gzip" || !IsGzip(payload.Span)) throw new ImageFormatException($"is an EFI zboot kernel packed with '{method}'", "give the plain Image");
        return Gunzip(payload);
    }

    private static byte[] Gunzip(ReadOnlyMemory<byte> file)
    {
        using var input = new MemoryStream(file.ToArray(), writable: false);
        using var gzip = new GZipStream(input, CompressionMode.Decompress);
        using var output = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int count; (count = gzip.Read(buffer)) > 0;)
            {
                if (output.Length + count > MaxUnpacked) throw new ImageFormatException("unpacks to more than 1 GiB", "that is no kernel");
                output.Write(buffer, 0, count);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw new ImageFormatException("is damaged: its gzip data cannot be unpacked", "copy or build the file again");
        }

        // RFC 1952: the last four bytes are the length modulo 2^32. A stream that just ends is not reported by the framework.
        uint declared = BinaryPrimitives.ReadUInt32LittleEndian(file.Span[^4..]);
        if (declared != (uint)output.Length) throw new ImageFormatException("is truncated: its gzip data ends early", "copy or build the file again");
        return output.ToArray();
    }
}
