using Doppel.Core.Errors;
using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

public sealed class PortableFormatTests
{
    private const int Chunk = PortableFormat.ChunkSize;

    [Theory]
    [InlineData(false, 1 << 20)]
    [InlineData(false, 7)]
    [InlineData(true, 1 << 20)]
    [InlineData(true, 4099)]
    public async Task Objects_come_back_as_they_were(bool encrypted, int most)
    {
        byte[] text = [.. Enumerable.Range(0, 3 * Chunk + 5).Select(i => (byte)(i / 100))];
        byte[] sparse = new byte[40 * Chunk];
        PortableFiles.Noise(9000, 1).CopyTo(sparse, 7 * Chunk + 60_000);
        (string Name, byte[] Content)[] objects = [("empty", []), ("text", text), ("disk/0", sparse), ("one", [7]), ("zeroes", new byte[Chunk + 1]), ("ram/ram", PortableFiles.Noise(2 * Chunk + 1, 2))];
        byte[] file = await PortableFiles.WriteAsync(encrypted, objects);
        List<(PortableObject Object, byte[] Content)> read = await PortableFiles.ReadAsync(new TrickleStream(file, most));
        Assert.Equal(objects.Select(o => o.Name), read.Select(r => r.Object.Name));
        Assert.All(objects.Zip(read), pair => Assert.Equal(pair.First.Content, pair.Second.Content));
        Assert.Equal([0, 4, 2, 1, 0, 3], read.Select(r => r.Object.Chunks));
    }

    [Fact]
    public async Task Equal_content_is_there_once_and_zeroes_not_at_all()
    {
        byte[] noise = PortableFiles.Noise(4 * Chunk, 3);
        long single = (await PortableFiles.WriteAsync(false, ("a", noise))).Length;
        byte[] twice = [.. noise, .. new byte[100 * Chunk], .. noise];
        byte[] file = await PortableFiles.WriteAsync(false, ("a", noise), ("b", twice));
        Assert.InRange(file.Length - single, 1, 600);
        Assert.Equal(twice, (await PortableFiles.ReadAsync(new MemoryStream(file)))[1].Content);
    }

    [Fact]
    public async Task File_does_not_depend_on_the_order_of_threads()
    {
        byte[] content = [.. Enumerable.Range(0, 60).SelectMany(i => PortableFiles.Noise(Chunk, i % 7))];
        byte[] first = await PortableFiles.WriteAsync(false, ("a", content), ("b", content));
        for (int i = 0; i < 5; i++) Assert.Equal(first, await PortableFiles.WriteAsync(false, ("a", content), ("b", content)));
    }

    [Fact]
    public async Task Digest_of_an_object_is_that_of_its_content()
    {
        byte[] content = PortableFiles.Noise(3 * Chunk, 4);
        PortableObject alone = (await PortableFiles.ReadAsync(new MemoryStream(await PortableFiles.WriteAsync(false, ("a", content)))))[0].Object;
        PortableObject repeated = (await PortableFiles.ReadAsync(new MemoryStream(await PortableFiles.WriteAsync(true, ("x", content), ("b", content)))))[1].Object;
        Assert.Equal(alone.Digest, repeated.Digest);
        content[^1]++;
        Assert.NotEqual(alone.Digest, (await PortableFiles.ReadAsync(new MemoryStream(await PortableFiles.WriteAsync(false, ("a", content)))))[0].Object.Digest);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a//b")]
    [InlineData("a/..b")]
    [InlineData("A")]
    [InlineData("")]
    [InlineData("a/")]
    [InlineData("a\n")]
    public void Name_that_could_be_more_than_a_name_is_none(string name) => Assert.False(PortableFormat.IsName(name));

    [Theory]
    [InlineData("machine")]
    [InlineData("disk/0")]
    [InlineData("state/uart@10000000")]
    public void Name_of_ours_is_one(string name) => Assert.True(PortableFormat.IsName(name));

    [Fact]
    public async Task Passphrase_that_is_wrong_is_called_so()
    {
        byte[] file = await PortableFiles.WriteAsync(true, ("a", [1, 2, 3]));
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => PortableFiles.ReadAsync(new MemoryStream(file), "Correct horse"));
        Assert.Equal(ErrorKind.Denied, error.Kind);
        Assert.Contains("passphrase", error.Message);
    }

    [Fact]
    public async Task Passphrase_hides_names_content_and_equality()
    {
        byte[] content = [.. "the guest's secret"u8];
        byte[] one = await PortableFiles.WriteAsync(true, ("disk/0", content));
        byte[] two = await PortableFiles.WriteAsync(true, ("disk/0", content));
        Assert.Equal(-1, one.AsSpan().IndexOf("disk"u8));
        Assert.Equal(-1, one.AsSpan().IndexOf("secret"u8));
        Assert.Equal(one.Length, two.Length);
        Assert.False(one.AsSpan(FileHeader.Size, 64).SequenceEqual(two.AsSpan(FileHeader.Size, 64)));
    }

    [Fact]
    public async Task Other_file_is_refused_by_what_it_is()
    {
        Assert.Contains("no file of doppel save", (await RefusedAsync([])).Message);
        Assert.Contains("no file of doppel save", (await RefusedAsync([.. "QFI\xfb"u8, .. new byte[600]])).Message);
        byte[] file = await PortableFiles.WriteAsync(false, ("a", [1]));
        file[8] = 2;
        Assert.Contains("version 2", (await RefusedAsync(file)).Message);
    }

    [Fact]
    public async Task Damage_is_told_with_its_place()
    {
        byte[] noise = PortableFiles.Noise(3 * Chunk, 5);
        byte[] file = await PortableFiles.WriteAsync(false, ("machine", [1]), ("disk/0", noise));
        int second = file.AsSpan().IndexOf(noise.AsSpan(Chunk, 100)) - RecordHeader.Size - PortableFormat.DigestLength;
        file[second + 5000] ^= 4;
        Assert.Equal($"test.doppel: damaged at byte {second} ('disk/0'): a record that is not what was written", (await RefusedAsync(file)).Message);
        file[second + 5000] ^= 4;
        Assert.Contains($"it ends after {second + 5000} bytes", (await RefusedAsync(file[..(second + 5000)])).Message);
        Assert.Contains("behind the end", (await RefusedAsync([.. file, 0])).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Segment_that_is_moved_or_missing_is_noticed(int number)
    {
        const int Segment = Seal.SegmentSize + Seal.TagSize;
        byte[] file = await PortableFiles.WriteAsync(true, ("a", PortableFiles.Noise(5 * Chunk, 6)));
        int at = FileHeader.Size + number * Segment;
        byte[] swapped = [.. file];
        file.AsSpan(at, Segment).CopyTo(swapped.AsSpan(at + Segment));
        file.AsSpan(at + Segment, Segment).CopyTo(swapped.AsSpan(at));
        Assert.Contains($"damaged at byte {at}", (await RefusedAsync(swapped)).Message);
        Assert.Contains($"damaged at byte {at}", (await RefusedAsync([.. file[..at], .. file[(at + Segment)..]])).Message);
        // Cut off where a segment ends.
        Assert.Contains($"cut off after {at} bytes", (await RefusedAsync(file[..at])).Message);
    }

    [Fact]
    public async Task Segment_under_another_header_is_noticed()
    {
        byte[] one = await PortableFiles.WriteAsync(true, ("a", [1]));
        byte[] two = await PortableFiles.WriteAsync(true, ("a", [1]));
        Assert.Equal(ErrorKind.Corrupt, (await RefusedAsync([.. one[..FileHeader.Size], .. two[FileHeader.Size..]])).Kind);
    }

    private static async Task<DoppelException> RefusedAsync(byte[] file) => await Assert.ThrowsAsync<DoppelException>(() => PortableFiles.ReadAsync(new MemoryStream(file)));
}
