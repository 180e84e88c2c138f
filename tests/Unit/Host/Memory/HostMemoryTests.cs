using System.Globalization;
using System.Runtime.InteropServices;
using Doppel.Host.Memory;

namespace Doppel.Tests.Unit.Host.Memory;

public sealed class HostMemoryTests
{
    [Fact]
    public void Accesses_at_the_edges_stay_inside()
    {
        using HostMemory memory = HostMemory.Allocate(100, "test");
        Assert.Equal(100UL, memory.Length);
        memory.Write64(92, ulong.MaxValue);
        memory.Write8(99, 1);
        Assert.Equal(0x01ff_ffff_ffff_ffffUL, memory.Read64(92));
        foreach (ulong offset in (ulong[])[93, 99, 100, 101, 4096, ulong.MaxValue, ulong.MaxValue - 7])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read64(offset));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write64(offset, 0));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read8(100));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write8(ulong.MaxValue, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read16(99));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write16(99, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read32(97));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write32(ulong.MaxValue - 2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CompareExchange32(100, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Span(99, 2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Span(0, -1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Span(ulong.MaxValue, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Discard(50, ulong.MaxValue));
        Assert.Equal(0, memory.Span(100, 0).Length);
    }

    [Fact]
    public void Compare_exchange_replaces_only_what_was_expected()
    {
        using HostMemory memory = HostMemory.Allocate(64, "test");
        Assert.Equal(0u, memory.CompareExchange32(4, 7, 0));
        Assert.Equal(7u, memory.CompareExchange32(4, 9, 0));
        Assert.Equal(0x7_0000_0000UL, memory.CompareExchange64(0, 1, 0x7_0000_0000));
        Assert.Equal(1UL, memory.Read64(0));
        Assert.Throws<ArgumentException>(() => memory.CompareExchange32(2, 0, 0));
        Assert.Throws<ArgumentException>(() => memory.CompareExchange64(4, 0, 0));
    }

    [Fact]
    public void Block_of_more_than_4_GiB_is_sparse_and_addressed_in_full()
    {
        const ulong length = 6UL << 30;
        using HostMemory memory = HostMemory.Allocate(length, "test");
        memory.Write64(length - 8, 1);
        memory.Write64(5UL << 30, 2);
        memory.Write64((5UL << 30) & 0xffff_ffff, 3);
        Assert.Equal(1UL, memory.Read64(length - 8));
        Assert.Equal(2UL, memory.Read64(5UL << 30));
        Assert.Equal(3UL, memory.Read64(1UL << 30));
        Assert.Equal(0UL, memory.Read64(3UL << 30));
    }

    [Fact]
    public void Discard_zeroes_exactly_the_range()
    {
        using HostMemory memory = HostMemory.Allocate(1 << 20, "test");
        memory.Span(0, 1 << 20).Fill(0xff);
        memory.Discard(1000, 20_000);
        Assert.Equal(0xff, memory.Read8(999));
        Assert.True(memory.Span(1000, 20_000).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(0xff, memory.Read8(21_000));
        memory.Discard(50_001, 3);
        Assert.Equal([0xff, 0, 0, 0, 0xff], memory.Span(50_000, 5).ToArray());
        memory.Discard(0, 1 << 20);
        Assert.True(memory.Span(0, 1 << 20).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 62)]
    [InlineData((ulong)long.MaxValue)]
    public void Block_that_no_host_has_is_refused(ulong length)
    {
        var error = Assert.Throws<OutOfMemoryException>(() => HostMemory.Allocate(length, "test"));
        Assert.Contains($"{length}", error.Message);
        Assert.DoesNotContain("Success", error.Message);
    }

    [Fact]
    public void Block_of_nothing_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => HostMemory.Allocate(0, "test"));

    [Fact]
    public void Disposed_block_is_empty()
    {
        HostMemory memory = HostMemory.Allocate(4096, "test");
        memory.Dispose();
        memory.Dispose();
        Assert.Equal(0UL, memory.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read8(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read64(0));
    }

    [Fact]
    public void Slots_keep_their_address_and_bounds()
    {
        var slots = new SlotBlock(300);
        nint address = slots.Address;
        slots[255] = 5;
        slots.At(299) = 6;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Assert.Equal(address, slots.Address);
        Assert.Equal(5UL, slots.AsSpan()[255]);
        Assert.Equal(6UL, slots.At(299));
        Assert.Throws<IndexOutOfRangeException>(() => slots.At(300));
        Assert.Equal(256, new SlotBlock(1).Count);
    }

    [Fact]
    public void Memory_lies_between_guards_that_nothing_can_access()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only on Linux");
        const ulong Guard = AddressRange.GuardBytes;
        foreach (ulong length in (ulong[])[1, 4096, 3 << 20])
        {
            using HostMemory memory = HostMemory.Allocate(length, "test");
            ulong start = (ulong)memory.Address, end = start + ((length + 4095) & ~4095UL);
            Assert.Equal(0UL, start % Guard);
            Assert.Equal("rw-s", Protection(start, end));
            Assert.Equal("---p", Protection(start - Guard, start));
            Assert.Equal("---p", Protection(end, end + Guard));
        }
    }

    [Fact]
    public void Guarded_slots_end_at_a_guard_and_tell_whether_something_was_written_before_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only on Linux");
        var slots = new SlotBlock(300, 0, guarded: true);
        ulong end = (ulong)slots.Address + (300 * sizeof(ulong));
        Assert.Equal("---p", Protection(end, end + AddressRange.GuardBytes));
        slots.At(0) = 1;
        slots.At(299) = 2;
        Assert.Equal(2UL, slots.AsSpan()[299]);
        Assert.True(slots.IsIntact);
        Marshal.WriteByte(slots.Address - 1, 0);
        Assert.False(slots.IsIntact);
    }

    /// <summary>What the operating system allows for all of these addresses; null if they are not alike.</summary>
    private static string? Protection(ulong start, ulong end)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', '-');
            ulong from = ulong.Parse(fields[0], NumberStyles.HexNumber), to = ulong.Parse(fields[1], NumberStyles.HexNumber);
            if (from <= start && end <= to) return line.Split(' ')[1];
        }

        return null;
    }
}
