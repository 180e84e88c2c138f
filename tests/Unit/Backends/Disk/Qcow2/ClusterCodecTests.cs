using System.Diagnostics;
using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Tests.Unit.Backends.Disk.Qcow2;

/// <summary>Compressed clusters by themselves: what is packed comes back, and damaged or hostile data is noticed, without an exception and in a short time.</summary>
public sealed class ClusterCodecTests
{
    private const int Cluster = 4096;

    private static readonly ClusterCodec Zstd = ClusterCodec.Of(Qcow2CompressionType.Zstd);

    public static TheoryData<Qcow2CompressionType, int, bool> Clusters() =>
        [.. from type in Enum.GetValues<Qcow2CompressionType>() from size in new[] { 512, 4096, 65536, 2 << 20 } from zeroes in new[] { false, true } select (type, size, zeroes)];

    /// <summary>Frames that are as much as a cluster, or several that are together.</summary>
    public static TheoryData<string> Whole() =>
    [
        // By zstd's own command: without the size of its content, with a checksum.
        "28b52ffd 04 58 4d0000 10616101 00fbf701 16 03162c89",
        // A window of 1 KiB; raw, repeated and empty blocks.
        "28b52ffd 00 00 080000 61 020000 7a 020000 7a fa7f00 62 010000",
        // The window is the content, whose size has one byte, or two.
        "28b52ffd 60 000f 038000 61",
        // The largest window; the content's size in eight bytes.
        "28b52ffd c0 88 0010000000000000 038000 61",
        // Two frames, with something to skip before, between, and of no length.
        "502a4d18 03000000 ffffff 28b52ffd 00 58 034000 61 5f2a4d18 00000000 28b52ffd 00 58 034000 62",
        // A frame of nothing before.
        "28b52ffd 00 58 010000 28b52ffd 00 58 038000 61",
    ];

    /// <summary>Frames that are not.</summary>
    public static TheoryData<string, string> Damaged() => new()
    {
        { "no frame", "" },
        { "no frame", "0000000000000000000000000000" },
        { "another format", "27b52ffd 00 58 038000 61" },
        { "a window of 2 GiB", "28b52ffd 00 a8 038000 61" },
        { "a window of 3.75 TiB", "28b52ffd 00 ff 038000 61" },
        { "a window of a little more than the largest", "28b52ffd 00 89 038000 61" },
        { "content of 2^63 bytes", "28b52ffd e0 0000000000000080 038000 61" },
        { "content of 2^64 - 2 bytes", "28b52ffd c0 58 feffffffffffffff 038000 61" },
        { "content of 4 GiB", "28b52ffd a0 ffffffff 038000 61" },
        { "less content than it says", "28b52ffd 60 000f 0b0000 61" },
        { "more content than it says", "28b52ffd 60 0000 038000 61" },
        { "less than a cluster", "28b52ffd 00 58 fb7f00 61" },
        { "more than a cluster", "28b52ffd 00 58 0b8000 61" },
        { "much more than a cluster", "28b52ffd 00 58 fa0f10 61 fa0f10 61 fb0f10 61" },
        { "two frames of more than a cluster", "28b52ffd 00 58 034000 61 28b52ffd 00 58 0b4000 62" },
        { "a wrong checksum", "28b52ffd 04 58 4d0000 10616101 00fbf701 16 03162c88" },
        { "a dictionary", "28b52ffd 01 58 05 038000 61" },
        { "a reserved bit", "28b52ffd 08 58 038000 61" },
        { "a reserved block", "28b52ffd 00 58 070000" },
        { "no last block", "28b52ffd 00 58 028000 61" },
        { "a block beyond the end", "28b52ffd 00 58 010080" },
        { "a block of the largest size", "28b52ffd 00 58 fdffff 61" },
        { "a compressed block of nothing", "28b52ffd 00 58 050000" },
        { "skipped data beyond the end", "502a4d18 ffffffff 00000000" },
        { "skipped data alone", "502a4d18 04000000 00000000" },
    };

    [Theory]
    [MemberData(nameof(Clusters))]
    public void Packed_cluster_comes_back_whatever_follows_it(Qcow2CompressionType type, int size, bool zeroes)
    {
        ClusterCodec codec = ClusterCodec.Of(type);
        byte[] cluster = zeroes ? new byte[size] : Text(size);
        byte[] packed = codec.Pack(cluster)!;
        Assert.InRange(packed.Length, 1, size - 1);
        byte[] back = new byte[size];
        foreach (byte follows in new byte[] { 0, 0x28, 0xff })
        {
            byte[] sectors = new byte[packed.Length + 700];
            sectors.AsSpan().Fill(follows);
            packed.CopyTo(sectors, 100);
            back.AsSpan().Fill(0xaa);
            Assert.True(codec.TryUnpack(new ArraySegment<byte>(sectors, 100, packed.Length + 600), back));
            Assert.True(cluster.AsSpan().SequenceEqual(back));
        }
    }

    [Theory]
    [InlineData(Qcow2CompressionType.Zlib)]
    [InlineData(Qcow2CompressionType.Zstd)]
    public void Cluster_that_would_not_be_smaller_is_not_packed(Qcow2CompressionType type)
    {
        byte[] noise = new byte[Cluster];
        new Random(1).NextBytes(noise);
        Assert.Null(ClusterCodec.Of(type).Pack(noise));
    }

    [Theory]
    [MemberData(nameof(Whole))]
    public void Zstd_frames_of_other_writers_are_read(string frames)
    {
        byte[] packed = Bytes(frames);
        byte[] cluster = new byte[Cluster];
        Assert.True(Zstd.TryUnpack(packed, cluster));
        Assert.Equal((byte)'a', cluster[0]);
        Assert.DoesNotContain(cluster, b => b is not ((byte)'a' or (byte)'b' or (byte)'z'));
        Assert.True(Zstd.TryUnpack((byte[])[.. packed, 0xff, 0x28, 0xb5], cluster));
        for (int length = 0; length < packed.Length; length++) Assert.False(Zstd.TryUnpack(packed[..length], cluster), $"cut at {length}");
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Zstd_frame_that_is_damaged_or_lies_is_noticed(string what, string frames)
    {
        long started = Stopwatch.GetTimestamp();
        Assert.False(Zstd.TryUnpack(Bytes(frames), new byte[Cluster]), what);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5), what);
    }

    [Fact]
    public void Zstd_frame_with_any_bit_flipped_is_noticed_or_read()
    {
        byte[] packed = Zstd.Pack(Text(Cluster))!;
        int noticed = 0;
        for (int bit = 0; bit < packed.Length * 8; bit++)
        {
            byte[] mutant = [.. packed];
            mutant[bit / 8] ^= (byte)(1 << bit % 8);
            if (!Zstd.TryUnpack(mutant, new byte[Cluster])) noticed++;
        }

        // The format of the images has no checksum of its own: what is still a frame of that size is read.
        Assert.InRange(noticed, 100, packed.Length * 8);
    }

    [Fact]
    public void Zstd_mutants_end_without_an_exception()
    {
        var random = new Random(3);
        byte[] cluster = new byte[1 << 16];
        byte[][] seeds = [Zstd.Pack(Text(cluster.Length))!, Zstd.Pack(new byte[cluster.Length])!, .. Whole().Select(w => Bytes(w.Data))];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] mutant = [.. seeds[random.Next(seeds.Length)]];
            for (int count = random.Next(1, 5); count > 0; count--)
            {
                int at = random.Next(random.Next(2) == 0 ? mutant.Length : Math.Min(40, mutant.Length));
                if (random.Next(3) == 0) random.NextBytes(mutant.AsSpan(at, Math.Min(random.Next(1, 9), mutant.Length - at)));
                else mutant[at] ^= (byte)(1 << random.Next(8));
            }

            Zstd.TryUnpack(mutant, cluster.AsSpan(0, 512 << random.Next(8)));
        }
    }

    [Fact]
    public void Zstd_frames_of_blocks_of_nothing_take_no_time()
    {
        // As many as an entry can name, in the largest clusters.
        byte[] blocks = new byte[4 << 20];
        Bytes("28b52ffd 00 58").CopyTo(blocks, 0);
        byte[] frames = new byte[4 << 20];
        byte[] nothing = Bytes("28b52ffd 00 58 010000");
        for (int at = 0; at + nothing.Length <= frames.Length; at += nothing.Length) nothing.CopyTo(frames, at);
        long started = Stopwatch.GetTimestamp();
        Assert.False(Zstd.TryUnpack(blocks, new byte[2 << 20]));
        Assert.False(Zstd.TryUnpack(frames, new byte[2 << 20]));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static byte[] Text(int length)
    {
        byte[] text = new byte[length];
        var random = new Random(length);
        for (int i = 0; i < length; i++) text[i] = (byte)(i / 40 + random.Next(4));
        return text;
    }
}
