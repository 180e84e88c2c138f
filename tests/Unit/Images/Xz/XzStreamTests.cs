using System.Security.Cryptography;
using Doppel.Images.Xz;

namespace Doppel.Tests.Unit.Images.Xz;

public sealed class XzStreamTests
{
    [Theory]
    [InlineData(nameof(XzVectors.Crc64), XzVectors.Crc64)]
    [InlineData(nameof(XzVectors.Crc32), XzVectors.Crc32)]
    [InlineData(nameof(XzVectors.Sha256), XzVectors.Sha256)]
    [InlineData(nameof(XzVectors.None), XzVectors.None)]
    [InlineData(nameof(XzVectors.Blocks), XzVectors.Blocks)]
    [InlineData(nameof(XzVectors.TwoStreams), XzVectors.TwoStreams)]
    [InlineData(nameof(XzVectors.OddProperties), XzVectors.OddProperties)]
    public void Stream_of_each_kind_gives_the_text(string kind, string file)
    {
        Assert.NotEmpty(kind);
        Assert.Equal(XzVectors.Text(300), Decode(Convert.FromBase64String(file)));
    }

    [Fact]
    public void Stream_of_stored_chunks_gives_the_bytes() => Assert.Equal(XzVectors.Noise(300), Decode(Convert.FromBase64String(XzVectors.Stored)));

    [Fact]
    public void Stream_of_nothing_is_empty() => Assert.Empty(Decode(Convert.FromBase64String(XzVectors.Empty)));

    [Fact]
    public void Stream_larger_than_the_window_gives_the_text()
    {
        byte[] decoded = Decode(Convert.FromBase64String(XzVectors.Large));
        Assert.Equal(SHA256.HashData(XzVectors.Text(160_000)), SHA256.HashData(decoded));
    }

    [Fact]
    public void Stream_read_byte_by_byte_gives_the_text()
    {
        using XzStream stream = Open(Convert.FromBase64String(XzVectors.Blocks));
        List<byte> bytes = [];
        for (int value; (value = stream.ReadByte()) >= 0;) bytes.Add((byte)value);
        Assert.Equal(XzVectors.Text(300), bytes);
    }

    // Every byte of a file with a check is covered by some checksum, or has one right value only.
    [Theory]
    [InlineData(XzVectors.Crc64)]
    [InlineData(XzVectors.Blocks)]
    [InlineData(XzVectors.Stored)]
    [InlineData(XzVectors.Sha256)]
    public void Any_flipped_bit_is_found(string file)
    {
        byte[] bytes = Convert.FromBase64String(file);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= (byte)(1 << (i % 8));
            Assert.Throws<InvalidDataException>(() => Decode(damaged));
        }
    }

    [Theory]
    [InlineData(XzVectors.Crc64)]
    [InlineData(XzVectors.Blocks)]
    [InlineData(XzVectors.Empty)]
    public void Any_early_end_is_found(string file)
    {
        byte[] bytes = Convert.FromBase64String(file);
        for (int length = 0; length < bytes.Length; length++) Assert.Throws<InvalidDataException>(() => Decode(bytes[..length]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Garbage_in_the_compressed_data_is_invalid_and_nothing_worse(int seed)
    {
        byte[] bytes = Convert.FromBase64String(XzVectors.None);
        Random random = new(seed);
        for (int run = 0; run < 500; run++)
        {
            byte[] damaged = [.. bytes];
            random.NextBytes(damaged.AsSpan(24 + random.Next(100), 32));
            // Without a check some damage gives other bytes; then the sizes were right.
            Exception? error = Record.Exception(() => Decode(damaged));
            Assert.True(error is null or InvalidDataException, $"seed {seed}, run {run}: {error}");
        }
    }

    [Fact]
    public void Filter_other_than_lzma2_is_named()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Decode(Convert.FromBase64String(XzVectors.X86)));
        Assert.Contains("filter 0x4", error.Message);
    }

    [Fact]
    public void Dictionary_above_the_limit_is_refused_before_it_is_allocated()
    {
        using XzStream stream = new(new MemoryStream(Convert.FromBase64String(XzVectors.Crc64)), maximumDictionary: 1 << 20);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => stream.ReadByte());
        Assert.Contains("dictionary of 64 MiB", error.Message);
    }

    [Fact]
    public void Trailing_garbage_is_found()
    {
        byte[] bytes = [.. Convert.FromBase64String(XzVectors.Crc64), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        Assert.Throws<InvalidDataException>(() => Decode(bytes));
    }

    [Fact]
    public void Stream_after_an_error_stays_failed()
    {
        byte[] bytes = Convert.FromBase64String(XzVectors.Blocks);
        bytes[^1] ^= 1;
        using XzStream stream = Open(bytes);
        Assert.Throws<InvalidDataException>(() => stream.CopyTo(Stream.Null));
        Assert.Throws<InvalidDataException>(() => stream.ReadByte());
    }

    // The check values of the catalogue of CRC algorithms: of the text 123456789.
    [Fact]
    public void Checksums_have_their_published_check_values()
    {
        Assert.Equal(0xCBF4_3926u, Crc32.Append(0, "123456789"u8));
        Assert.Equal(0x995D_C9BB_DF19_39FAul, Crc64.Append(0, "123456789"u8));
        Assert.Equal(Crc64.Append(0, "123456789"u8), Crc64.Append(Crc64.Append(0, "1234"u8), "56789"u8));
    }

    private static XzStream Open(byte[] file) => new(new MemoryStream(file));

    private static byte[] Decode(byte[] file)
    {
        using XzStream stream = Open(file);
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.ToArray();
    }
}
