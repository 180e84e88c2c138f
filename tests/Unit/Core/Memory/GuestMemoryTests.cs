using Doppel.Core.Memory;

namespace Doppel.Tests.Unit.Core.Memory;

public sealed class GuestMemoryTests : IDisposable
{
    private const ulong Base = 0x8000_0000;
    private const ulong Length = 0x10_0000;
    private readonly GuestMemory _memory = new();
    private readonly MemoryRegion _ram;

    public GuestMemoryTests() => _ram = _memory.AddRegion("ram", Base, Length);

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Values_written_read_back_little_endian()
    {
        Assert.True(_memory.TryWriteUInt64(Base + 8, 0x1122_3344_5566_7788));
        Assert.True(_memory.TryReadUInt32(Base + 8, out uint word));
        Assert.Equal(0x5566_7788u, word);
        Assert.True(_memory.TryReadUInt16(Base + 14, out ushort half));
        Assert.Equal((ushort)0x1122, half);
        byte[] bytes = new byte[3];
        Assert.True(_memory.TryRead(Base + 9, bytes));
        Assert.Equal([0x77, 0x66, 0x55], bytes);
        Assert.True(_memory.TryWriteUInt32(Base + 9, 0xaabb_ccdd) && _memory.TryWriteUInt16(Base + 1, 0xeeff));
        Assert.True(_memory.TryReadUInt64(Base + 8, out ulong value));
        Assert.Equal(0x1122_33aa_bbcc_dd88UL, value);
    }

    [Theory]
    [InlineData(Base - 1)]
    [InlineData(Base - 8)]
    [InlineData(Base + Length - 1)]
    [InlineData(Base + Length)]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 7)]
    public void Range_that_leaves_the_ram_is_refused_and_touches_nothing(ulong address)
    {
        byte[] buffer = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.False(_memory.TryWrite(address, buffer));
        Assert.False(_memory.TryRead(address, buffer));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], buffer);
        Assert.False(_memory.TryFill(address, 8, 0xff));
        Assert.False(_memory.TryReadUInt64(address, out ulong value));
        Assert.Equal(0UL, value);
        Assert.False(_memory.TryWriteUInt64(address, 1));
        Assert.False(_memory.Contains(address, 8));
        Assert.Equal(0, _ram.Read8(Length - 1));
        Assert.False(_ram.Dirty.IsMarked(0) || _ram.Dirty.IsMarked(Length - 1));
    }

    [Fact]
    public void Lengths_that_would_wrap_are_refused()
    {
        Assert.False(_memory.Contains(Base + 1, ulong.MaxValue));
        Assert.False(_memory.Contains(Base, Length + 1));
        Assert.True(_memory.Contains(Base, Length));
        Assert.False(_memory.TryFill(Base, -1, 0));
    }

    [Fact]
    public void Regions_beside_each_other_are_two()
    {
        _memory.AddRegion("more", Base + Length, 0x1000);
        Assert.False(_memory.Contains(Base + Length - 4, 8));
        Assert.True(_memory.TryWriteUInt32(Base + Length, 5));
        Assert.Equal(["ram", "more"], _memory.Regions.Select(r => r.Name));
    }

    [Theory]
    [InlineData(Base, 1UL)]
    [InlineData(Base - 1, 2UL)]
    [InlineData(Base + Length - 1, 0x1000UL)]
    [InlineData(0UL, 0x1_0000_0000UL)]
    [InlineData(0x1000UL, 0UL)]
    [InlineData(ulong.MaxValue, 2UL)]
    public void Region_that_overlaps_or_wraps_is_refused(ulong address, ulong length) =>
        Assert.Throws<ArgumentException>(() => _memory.AddRegion("bad", address, length));

    [Fact]
    public void Region_at_the_very_top_does_not_overlap_one_below()
    {
        MemoryRegion top = _memory.AddRegion("top", ulong.MaxValue - 0xfff, 0x1000);
        Assert.True(_memory.TryWriteUInt64(ulong.MaxValue - 7, 1));
        Assert.True(top.Dirty.IsMarked(0xfff));
        Assert.Throws<ArgumentException>(() => _memory.AddRegion("again", ulong.MaxValue - 0x10, 1));
    }

    [Fact]
    public void Writes_of_devices_mark_the_pages_they_touch()
    {
        _memory.TryWrite(Base + 4095, [1, 2]);
        _memory.TryFill(Base + 5 * 4096, 4096, 1);
        _memory.TryWriteUInt16(Base + 9 * 4096 - 1, 1);
        ulong[] words = new ulong[_ram.Dirty.WordCount];
        _ram.Dirty.Take(words);
        Assert.Equal(0b11_0010_0011UL, words[0]);
        Assert.False(_ram.Dirty.IsMarked(0));
        _ram.Dirty.Take(words);
        Assert.Equal(0UL, words[0]);
    }

    [Fact]
    public void Clear_reads_as_zero_and_marks_everything()
    {
        _memory.TryFill(Base, 100_000, 0xff);
        _ram.Clear();
        Assert.True(_memory.TryReadUInt64(Base + 99_992, out ulong value));
        Assert.Equal(0UL, value);
        Assert.True(_ram.Dirty.IsMarked(Length - 1));
    }

    [Fact]
    public async Task Dirty_bits_marked_by_many_threads_are_all_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (ulong page = (ulong)thread; page < Length / 4096; page += 4) _ram.Dirty.Mark(page * 4096);
        })));
        ulong[] words = new ulong[_ram.Dirty.WordCount];
        _ram.Dirty.Take(words);
        Assert.All(words, word => Assert.Equal(ulong.MaxValue, word));
    }

    [Fact]
    public void Disposed_memory_answers_nothing()
    {
        _memory.Dispose();
        Assert.False(_memory.TryReadUInt32(Base, out _));
    }
}
