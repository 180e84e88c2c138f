using Doppel.Core.Bus;
using Doppel.Core.Trace;

namespace Doppel.Tests.Unit.Core.Bus;

public sealed class SystemBusTests : ITrace
{
    private readonly List<string> _trace = [];
    private readonly SystemBus _bus;

    public SystemBusTests() => _bus = new SystemBus(this);

    [Fact]
    public void Access_reaches_the_device_with_its_own_offset()
    {
        var first = new Scratch(0x100);
        var second = new Scratch(0x1000);
        _bus.Map("second", 0x2000, second);
        _bus.Map("first", 0x1000, first);
        Assert.True(_bus.TryWrite(0x1010, 4, 7));
        Assert.True(_bus.TryWrite(0x2ff8, 8, 9));
        Assert.Equal([(0x10UL, 4, 7UL)], first.Writes);
        Assert.Equal([(0xff8UL, 8, 9UL)], second.Writes);
        Assert.True(_bus.TryRead(0x2008, 2, out ulong value));
        Assert.Equal(0x8_0002UL, value);
        Assert.Equal(["first", "second"], _bus.Devices.Select(d => d.Name));
    }

    [Theory]
    [InlineData(0xfffUL, 1)]
    [InlineData(0x1100UL, 1)]
    [InlineData(0x10ffUL, 2)]
    [InlineData(0x10fcUL, 8)]
    [InlineData(0UL, 8)]
    [InlineData(ulong.MaxValue, 1)]
    public void Access_outside_or_across_the_end_finds_nothing(ulong address, int size)
    {
        var device = new Scratch(0x100);
        _bus.Map("device", 0x1000, device);
        Assert.False(_bus.TryRead(address, size, out ulong value));
        Assert.Equal(0UL, value);
        Assert.False(_bus.TryWrite(address, size, 1));
        Assert.Empty(device.Writes);
        Assert.Equal(2, _bus.Unmapped.Value);
    }

    [Fact]
    public void Every_device_of_many_is_found()
    {
        for (ulong i = 0; i < 50; i++) _bus.Map($"d{i}", (i * 37 % 50) * 0x1000, new Scratch(0x800));
        for (ulong i = 0; i < 50; i++)
        {
            Assert.True(_bus.TryRead(i * 0x1000 + 0x7ff, 1, out _));
            Assert.False(_bus.TryRead(i * 0x1000 + 0x800, 1, out _));
        }
    }

    [Theory]
    [InlineData(0x1000UL, 0x100UL)]
    [InlineData(0xf01UL, 0x100UL)]
    [InlineData(0x10ffUL, 1UL)]
    [InlineData(0UL, 0x10_0000UL)]
    [InlineData(0x1050UL, 0x10UL)]
    [InlineData(0x5000UL, 0UL)]
    [InlineData(0xffff_ffff_ffff_f000UL, 0x1001UL)]
    public void Device_that_overlaps_or_does_not_fit_is_refused(ulong address, ulong length)
    {
        _bus.Map("device", 0x1000, new Scratch(0x100));
        var error = Assert.Throws<ArgumentException>(() => _bus.Map("other", address, new Scratch(length)));
        Assert.Contains("other", error.Message);
        Assert.Single(_bus.Devices);
    }

    [Fact]
    public void Devices_beside_each_other_and_at_the_last_address_fit()
    {
        _bus.Map("a", 0x1000, new Scratch(0x100));
        _bus.Map("b", 0x1100, new Scratch(0x100));
        _bus.Map("top", 0xffff_ffff_ffff_f000, new Scratch(0x1000));
        Assert.True(_bus.TryRead(ulong.MaxValue - 7, 8, out _));
    }

    [Fact]
    public void Device_that_throws_is_isolated_counted_and_told()
    {
        _bus.Map("bad", 0x1000, new Thrower());
        _bus.Map("good", 0x2000, new Scratch(0x100));
        Assert.True(_bus.TryRead(0x1000, 4, out ulong value));
        Assert.Equal(0UL, value);
        Assert.True(_bus.TryWrite(0x1000, 4, 1));
        Assert.True(_bus.TryRead(0x2000, 4, out _));
        Assert.Equal(2, _bus.DeviceFaults.Value);
        Assert.Equal(2, _trace.Count(t => t.StartsWith("bad: device error", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Device_is_entered_by_one_thread_at_a_time()
    {
        var device = new Counting();
        _bus.Map("device", 0, device);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                _bus.TryWrite(0, 4, 1);
                _bus.TryRead(0, 4, out ulong _);
            }
        })));
        Assert.Equal(40_000, device.Entries);
        Assert.False(device.Overlapped);
    }

    [Fact]
    public void Reset_reaches_every_device()
    {
        var device = new Counting();
        _bus.Map("device", 0, device);
        _bus.Reset();
        Assert.Equal(1, device.Entries);
    }

    [Fact]
    public void Trace_shows_each_access()
    {
        _bus.Map("uart", 0x1000, new Scratch(0x100));
        _bus.TryWrite(0x1004, 1, 0x41);
        _bus.TryRead(0x1008, 2, out _);
        Assert.Equal(["w8 uart+0x4 <- 0x41", "r16 uart+0x8 -> 0x80002"], _trace);
    }

    bool ITrace.Enabled(TraceCategory category) => category == TraceCategory.Mmio;

    void ITrace.Write(TraceCategory category, string text) => _trace.Add(text);

    void ITrace.Warn(string text) => _trace.Add(text);

    private sealed class Scratch(ulong length) : IBusDevice
    {
        public List<(ulong Offset, int Size, ulong Value)> Writes { get; } = [];

        public ulong Length => length;

        public ulong Read(ulong offset, int size) => offset << 16 | (uint)size;

        public void Write(ulong offset, int size, ulong value) => Writes.Add((offset, size, value));

        public void Reset() => Writes.Clear();
    }

    private sealed class Thrower : IBusDevice
    {
        public ulong Length => 0x100;

        public ulong Read(ulong offset, int size) => throw new InvalidOperationException("broken");

        public void Write(ulong offset, int size, ulong value) => throw new IndexOutOfRangeException();

        public void Reset()
        {
        }
    }

    private sealed class Counting : IBusDevice
    {
        private int _inside;

        public int Entries { get; private set; }

        public bool Overlapped { get; private set; }

        public ulong Length => 0x100;

        public ulong Read(ulong offset, int size)
        {
            Enter();
            return 0;
        }

        public void Write(ulong offset, int size, ulong value) => Enter();

        public void Reset() => Enter();

        private void Enter()
        {
            if (Interlocked.Increment(ref _inside) != 1) Overlapped = true;
            Entries++;
            Interlocked.Decrement(ref _inside);
        }
    }
}
