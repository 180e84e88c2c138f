using Doppel.Core.Errors;
using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

/// <summary>Files whose checks are right and whose content means no good.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const int Chunk = PortableFormat.ChunkSize;

    private readonly ForgedFile _file = new();

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Forged_file_that_keeps_the_rules_is_read()
    {
        byte[] noise = PortableFiles.Noise(Chunk, 1);
        byte[] file = _file.Object("a", 3 * Chunk).Chunk(0, noise).Repeat(2 * Chunk, 0, noise).EndObject().End();
        byte[] expected = [.. noise, .. new byte[Chunk], .. noise];
        Assert.Equal(expected, (await PortableFiles.ReadAsync(new MemoryStream(file)))[0].Content);
    }

    [Fact]
    public Task Chunk_that_unpacks_to_more_is_refused() =>
        RefusedAsync(_file.Object("a", Chunk).Chunk(0, new byte[Chunk], ChunkEncoding.Brotli, ForgedFile.Pack(new byte[64 << 20])).EndObject().End(), "cannot be unpacked");

    [Fact]
    public Task Chunk_that_unpacks_to_less_is_refused() =>
        RefusedAsync(_file.Object("a", Chunk).Chunk(0, new byte[Chunk], ChunkEncoding.Brotli, ForgedFile.Pack(new byte[7])).EndObject().End(), "cannot be unpacked");

    [Fact]
    public Task Chunk_longer_than_its_place_is_refused() => RefusedAsync(_file.Object("a", 10).Chunk(0, new byte[11]).EndObject().End(), "where 10 belong");

    [Fact]
    public Task Chunk_with_another_content_is_refused() => RefusedAsync(_file.Object("a", 4).Chunk(0, [1, 2, 3, 4], stored: [1, 2, 3, 5]).EndObject().End(), "not what was saved");

    [Theory]
    [InlineData(1)]
    [InlineData(Chunk * 2)]
    [InlineData(Chunk * 4L)]
    [InlineData(long.MaxValue)]
    [InlineData(-Chunk)]
    public async Task Chunk_out_of_place_is_refused(long offset)
    {
        byte[] one = PortableFiles.Noise(Chunk, 1);
        byte[] two = PortableFiles.Noise(Chunk, 2);
        await RefusedAsync(_file.Object("a", 4 * Chunk).Chunk(2 * Chunk, one).Chunk(offset, two).EndObject().End(), "");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public Task Repetition_of_what_there_is_not_is_refused(long number)
    {
        byte[] one = PortableFiles.Noise(Chunk, 1);
        return RefusedAsync(_file.Object("a", 2 * Chunk).Chunk(0, one).Repeat(Chunk, number, one).EndObject().End(), "repetition");
    }

    [Fact]
    public Task Repetition_of_another_length_is_refused() =>
        RefusedAsync(_file.Object("a", Chunk + 1).Chunk(0, PortableFiles.Noise(Chunk, 1)).Repeat(Chunk, 0, [1]).EndObject().End(), "repetition");

    [Fact]
    public Task Object_twice_is_refused() => RefusedAsync(_file.Whole("a", [1]).Whole("a", [1]).End(), "name");

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("disk\u001b[2J")]
    [InlineData("Ä")]
    public Task Object_with_a_name_that_is_none_is_refused(string name) => RefusedAsync(_file.Whole(name, [1]).End(), "name");

    [Fact]
    public Task Object_that_counts_other_chunks_is_refused() => RefusedAsync(_file.Object("a", 1).Chunk(0, [1]).EndObject(chunks: 2).End(), "end of another object");

    [Fact]
    public Task Object_within_an_object_is_refused() => RefusedAsync(_file.Object("a", 1).Object("b", 1).EndObject().End(), "does not belong");

    [Fact]
    public Task End_within_an_object_is_refused() => RefusedAsync(_file.Object("a", 1).End(), "does not belong");

    [Fact]
    public Task End_that_counts_other_objects_is_refused() => RefusedAsync(_file.Whole("a", [1]).End(objects: 2), "end");

    [Fact]
    public Task File_without_end_is_refused() => RefusedAsync(_file.Whole("a", [1]).Cut(), "too early");

    [Theory]
    [InlineData(2, 40)]
    [InlineData(4, 32)]
    [InlineData(6, 8)]
    [InlineData(0, 8)]
    public Task Record_in_the_wrong_place_is_refused(int kind, int length) => RefusedAsync(_file.Put((RecordKind)kind, 0, 0, new byte[length]).End(), "");

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public async Task Length_without_bounds_is_refused_before_there_is_memory_for_it(int length)
    {
        byte[] file = _file.Whole("a", [1]).Cut();
        byte[] edge = new byte[RecordHeader.Size];
        new RecordHeader(RecordKind.Object, 0, length, 1).Write(edge);
        long before = GC.GetTotalAllocatedBytes();
        await RefusedAsync([.. file, .. edge], "no record begins there");

        // A buffer as long as the header says would be 2 GiB. What is counted is everybody's, and other tests run beside this one.
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1 << 30);
    }

    private static async Task RefusedAsync(byte[] file, string why)
    {
        DoppelException error = await Assert.ThrowsAsync<DoppelException>(() => PortableFiles.ReadAsync(new MemoryStream(file)));
        Assert.Equal(ErrorKind.Corrupt, error.Kind);
        Assert.Contains("damaged at byte", error.Message);
        Assert.Contains(why, error.Message);
    }
}
