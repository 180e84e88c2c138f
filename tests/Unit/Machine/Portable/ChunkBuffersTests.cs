using Doppel.Machine.Portable.Format;

namespace Doppel.Tests.Unit.Machine.Portable;

public sealed class ChunkBuffersTests
{
    [Fact]
    public void Buffers_hold_a_chunk_and_its_digest_and_are_no_large_objects()
    {
        byte[] buffer = new ChunkBuffers().Rent();
        Assert.True(buffer.Length >= PortableFormat.DigestLength + PortableFormat.ChunkSize);

        // Large objects count as old from the beginning.
        Assert.NotEqual(GC.MaxGeneration, GC.GetGeneration(buffer));
    }

    [Fact]
    public void What_is_given_back_is_taken_again()
    {
        var buffers = new ChunkBuffers();
        byte[] first = buffers.Rent(), second = buffers.Rent();
        Assert.NotSame(first, second);
        buffers.Return(first);
        Assert.Same(first, buffers.Rent());
    }
}
