using Doppel.Core.Clock;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Devices.Interrupt;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Interrupt;

public sealed class AclintTests
{
    private const ulong Compare0 = 0x4000;
    private const ulong Compare1 = 0x4008;
    private const ulong Time = 0xbff8;
    private readonly ManualClock _clock = new();
    private readonly RecordingLine[] _software = [new(), new()];
    private readonly RecordingLine[] _timer = [new(), new()];
    private readonly Aclint _aclint;

    public AclintTests() => _aclint = Make(_clock, _software, _timer);

    [Fact]
    public void Time_counts_at_10_MHz()
    {
        _clock.Advance(12_345_699);
        Assert.Equal(123_456UL, _aclint.Read(Time, 8));
        Assert.Equal(123_456UL, _aclint.Time);
    }

    [Fact]
    public void Time_can_be_read_and_written_in_halves()
    {
        _aclint.Write(Time, 8, 0x1122_3344_5566_7788);
        Assert.Equal(0x5566_7788UL, _aclint.Read(Time, 4));
        Assert.Equal(0x1122_3344UL, _aclint.Read(Time + 4, 4));
        _aclint.Write(Time + 4, 4, 0xaabb_ccdd);
        Assert.Equal(0xaabb_ccdd_5566_7788, _aclint.Read(Time, 8));
        _clock.Advance(200);
        Assert.Equal(0xaabb_ccdd_5566_778a, _aclint.Read(Time, 8));
        Assert.Equal(0xaabb_ccdd_5566_7788, _aclint.TimeOffset);
    }

    [Fact]
    public void Software_interrupt_follows_bit_0_of_each_hart()
    {
        _aclint.Write(4, 4, 0xffff_ffff);
        Assert.Equal([false, true], _software.Select(l => l.Level));
        Assert.Equal(1UL, _aclint.Read(4, 4));
        _aclint.Write(4, 4, 0xffff_fffe);
        Assert.False(_software[1].Level);
        _aclint.Write(8, 4, 1);
        Assert.Equal(0UL, _aclint.Read(8, 4));
        _aclint.Write(0, 8, 0x1_0000_0001);
        Assert.Equal(0x1_0000_0001UL, _aclint.Read(0, 8));
    }

    [Fact]
    public void Timer_interrupt_comes_exactly_when_time_reaches_compare()
    {
        _aclint.Write(Compare1, 8, 1000);
        _clock.Advance(99_999);
        Assert.False(_timer[1].Level);
        _clock.Advance(1);
        Assert.True(_timer[1].Level);
        Assert.False(_timer[0].Level);
        Assert.Equal(0, _clock.Armed);
    }

    [Fact]
    public void Timer_interrupt_goes_when_compare_is_moved_ahead()
    {
        _aclint.Write(Compare0, 8, 0);
        Assert.True(_timer[0].Level);
        _aclint.Write(Compare0, 8, 5);
        Assert.False(_timer[0].Level);
        _clock.Advance(500);
        Assert.True(_timer[0].Level);
    }

    [Fact]
    public void Compare_written_in_halves_is_evaluated_after_each()
    {
        _clock.Advance(1_000_000);
        _aclint.Write(Compare0, 4, 0);
        Assert.False(_timer[0].Level);
        _aclint.Write(Compare0 + 4, 4, 0);
        Assert.True(_timer[0].Level);
        _aclint.Write(Compare0, 4, 20_000);
        Assert.False(_timer[0].Level);
        Assert.Equal(20_000UL, _aclint.Read(Compare0, 4));
        Assert.Equal(0UL, _aclint.Read(Compare0 + 4, 4));
        _clock.Advance(1_000_000);
        Assert.True(_timer[0].Level);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue / 2)]
    [InlineData((ulong)long.MaxValue / 100 + 1)]
    public void Compare_beyond_the_clock_sets_no_alarm(ulong compare)
    {
        _aclint.Write(Compare0, 8, compare);
        Assert.False(_timer[0].Level);
        Assert.Equal(0, _clock.Armed);
    }

    [Fact]
    public void Time_written_moves_the_interrupt()
    {
        _aclint.Write(Compare0, 8, 1000);
        _aclint.Write(Time, 8, 990);
        Assert.False(_timer[0].Level);
        _clock.Advance(1000);
        Assert.True(_timer[0].Level);
        _aclint.Write(Time, 8, 0);
        Assert.False(_timer[0].Level);
        _aclint.Write(Time, 8, ulong.MaxValue);
        Assert.True(_timer[0].Level);
        // mtime wraps around and is below mtimecmp again.
        _clock.Advance(200);
        Assert.Equal(1UL, _aclint.Read(Time, 8));
        Assert.False(_timer[0].Level);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Narrow_access_does_nothing(int size)
    {
        _aclint.Write(0, size, 1);
        _aclint.Write(Compare0, size, 0);
        _aclint.Write(Time, size, 0xff);
        Assert.False(_software[0].Level || _timer[0].Level);
        Assert.Equal(0UL, _aclint.Read(Compare0, size));
        Assert.Equal(0UL, _aclint.TimeOffset);
    }

    [Fact]
    public void Offsets_of_absent_harts_read_zero()
    {
        foreach (ulong offset in (ulong[])[8, 0x3ff8, 0x4010, 0xbff0, 0xc000, 0xfff8])
        {
            _aclint.Write(offset, 8, ulong.MaxValue);
            Assert.Equal(0UL, _aclint.Read(offset, 8));
        }
    }

    [Fact]
    public void Reset_drops_all_interrupts_and_begins_time_anew()
    {
        _aclint.Write(0, 4, 1);
        _aclint.Write(Compare0, 8, 0);
        _aclint.Write(Time, 8, 77);
        _clock.Advance(1000);
        _aclint.Reset();
        Assert.False(_software[0].Level || _timer[0].Level);
        Assert.Equal(0UL, _aclint.Time);
        Assert.Equal(0, _clock.Armed);
        _clock.Advance(500);
        Assert.Equal(5UL, _aclint.Time);
    }

    [Fact]
    public void Random_accesses_never_throw() => DeviceFuzz.Run(_aclint, 100_000, random => _clock.Advance(random.Next(100_000)));

    [Fact]
    public void Snapshot_keeps_the_contract() =>
        SnapshotContract.Check(() => Make(new ManualClock(), [new(), new()], [new(), new()]), aclint =>
        {
            aclint.Write(4, 4, 1);
            aclint.Write(Compare0, 8, 123_456);
            aclint.Write(Time, 8, 99);
        });

    [Fact]
    public void Load_drives_the_wires_and_sets_the_alarms()
    {
        _aclint.Write(0, 4, 1);
        _aclint.Write(Compare0, 8, 0);
        _aclint.Write(Compare1, 8, 10);
        var clock = new ManualClock();
        RecordingLine[] software = [new(), new()], timer = [new(), new()];
        Aclint other = Make(clock, software, timer);
        SnapshotContract.Load(other, SnapshotContract.Save(_aclint));
        Assert.Equal([true, false], software.Select(l => l.Level));
        Assert.Equal([true, false], timer.Select(l => l.Level));
        clock.Advance(1000);
        Assert.True(timer[1].Level);
    }

    [Fact]
    public void Timer_runs_on_the_real_clock()
    {
        using var clock = new RealClock();
        using Aclint aclint = Make(clock, _software, _timer);
        clock.Resume();
        lock (aclint) aclint.Write(Compare1, 8, aclint.Time + 20_000);
        Assert.True(SpinWait.SpinUntil(() => _timer[1].Level, TimeSpan.FromSeconds(10)));
        Assert.True(aclint.Time >= 20_000);
    }

    [Fact]
    public void Node_is_the_one_that_kernels_know()
    {
        var root = new DeviceTreeNode("");
        new Aclint(_clock, []) { HartPhandles = [4, 2] }.Describe(root, 0x200_0000, 0);
        DeviceTreeNode node = Assert.Single(root.Children);
        Assert.Equal("clint@2000000", node.Name);
        Assert.Equal("\"sifive,clint0\", \"riscv,clint0\"", DeviceTreeProbe.Text(node, "compatible"));
        Assert.Equal("<0x0 0x2000000 0x0 0x10000>", DeviceTreeProbe.Text(node, "reg"));
        Assert.Equal("<0x4 0x3 0x4 0x7 0x2 0x3 0x2 0x7>", DeviceTreeProbe.Text(node, "interrupts-extended"));
    }

    private static Aclint Make(IVmClock clock, RecordingLine[] software, RecordingLine[] timer) =>
        new(clock, [.. software.Zip(timer, (s, t) => ((IInterruptLine)s, (IInterruptLine)t))]);
}
