using Doppel.Core.DeviceTree;
using Doppel.Devices.Rtc;
using Doppel.Tests.Unit.Doubles;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.Devices.Rtc;

public sealed class GoldfishRtcTests
{
    private const ulong TimeLow = 0x00;
    private const ulong TimeHigh = 0x04;
    private const ulong AlarmLow = 0x08;
    private const ulong AlarmHigh = 0x0c;
    private const ulong IrqEnabled = 0x10;
    private const ulong ClearAlarm = 0x14;
    private const ulong AlarmStatus = 0x18;
    private const ulong ClearInterrupt = 0x1c;
    private readonly ManualClock _clock = new();
    private readonly RecordingLine _line = new();
    private readonly GoldfishRtc _rtc;

    public GoldfishRtcTests() => _rtc = new GoldfishRtc(_clock, _line);

    [Fact]
    public void Time_is_the_clocks_wall_time()
    {
        _clock.Advance(1_500_000_000);
        Assert.Equal(_clock.UnixNanoseconds, Time());
    }

    [Fact]
    public void High_half_belongs_to_the_low_half_read_before()
    {
        ulong low = Read(TimeLow);
        long before = _clock.UnixNanoseconds;
        _clock.Advance(5_000_000_000);
        Assert.Equal(before, (long)(Read(TimeHigh) << 32 | low));
    }

    [Fact]
    public void Time_set_by_the_guest_runs_on_and_survives_a_reset()
    {
        SetTime(946_684_800_000_000_000);
        _clock.Advance(1_000_000_000);
        Assert.Equal(946_684_801_000_000_000, Time());
        _rtc.Reset();
        Assert.Equal(946_684_801_000_000_000, Time());
    }

    [Fact]
    public void Alarm_interrupts_at_its_time()
    {
        Write(IrqEnabled, 1);
        SetAlarm(_clock.UnixNanoseconds + 1_000_000);
        Assert.Equal(1UL, Read(AlarmStatus));
        _clock.Advance(999_999);
        Assert.False(_line.Level);
        _clock.Advance(1);
        Assert.True(_line.Level);
        Assert.Equal(0UL, Read(AlarmStatus));
        Write(ClearInterrupt, 1);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Alarm_in_the_past_interrupts_at_once()
    {
        Write(IrqEnabled, 1);
        SetAlarm(_clock.UnixNanoseconds - 1);
        Assert.True(_line.Level);
        Assert.Equal(0UL, Read(AlarmStatus));
    }

    [Fact]
    public void Alarm_without_enable_stays_pending_until_enabled()
    {
        SetAlarm(_clock.UnixNanoseconds + 1000);
        _clock.Advance(1000);
        Assert.False(_line.Level);
        Write(IrqEnabled, 1);
        Assert.True(_line.Level);
        Write(IrqEnabled, 0);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Alarm_cleared_does_not_come()
    {
        Write(IrqEnabled, 1);
        SetAlarm(_clock.UnixNanoseconds + 1000);
        Write(ClearAlarm, 1);
        Assert.Equal(0UL, Read(AlarmStatus));
        Assert.Equal(0, _clock.Armed);
        _clock.Advance(2000);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Setting_the_time_moves_the_alarm()
    {
        Write(IrqEnabled, 1);
        SetAlarm(_clock.UnixNanoseconds + 1_000_000_000_000);
        SetTime(_clock.UnixNanoseconds + 999_999_999_000);
        Assert.False(_line.Level);
        _clock.Advance(1000);
        Assert.True(_line.Level);
    }

    [Fact]
    public void Alarm_beyond_the_clock_sets_none()
    {
        Write(AlarmHigh, uint.MaxValue);
        Write(AlarmLow, uint.MaxValue);
        Assert.Equal(1UL, Read(AlarmStatus));
        Assert.Equal(0, _clock.Armed);
        Assert.Equal(uint.MaxValue, Read(AlarmHigh));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Access_of_another_width_than_32_bits_does_nothing(int size)
    {
        _rtc.Write(IrqEnabled, size, 1);
        Assert.Equal(0UL, Read(IrqEnabled));
        Assert.Equal(0UL, _rtc.Read(TimeLow, size));
    }

    [Fact]
    public void Random_accesses_never_throw() => DeviceFuzz.Run(_rtc, 100_000, random => _clock.Advance(random.NextInt64(1_000_000_000)));

    [Fact]
    public void Snapshot_keeps_the_contract() =>
        SnapshotContract.Check(() => new GoldfishRtc(new ManualClock(), new RecordingLine()), rtc =>
        {
            rtc.Read(TimeLow, 4);
            rtc.Write(TimeHigh, 4, 5);
            rtc.Write(IrqEnabled, 4, 1);
            rtc.Write(AlarmLow, 4, 0);
            rtc.Write(AlarmHigh, 4, 7);
            rtc.Write(AlarmLow, 4, 9);
        });

    [Fact]
    public void Load_sets_the_alarm_and_drives_the_wire()
    {
        Write(IrqEnabled, 1);
        SetAlarm(_clock.UnixNanoseconds + 1000);
        byte[] saved = SnapshotContract.Save(_rtc);
        var clock = new ManualClock();
        var line = new RecordingLine();
        SnapshotContract.Load(new GoldfishRtc(clock, line), saved);
        clock.Advance(1000);
        Assert.True(line.Level);
    }

    [Fact]
    public void Node_is_the_one_that_kernels_know()
    {
        var root = new DeviceTreeNode("");
        _rtc.Describe(root, 0x10_1000, 11);
        DeviceTreeNode node = Assert.Single(root.Children);
        Assert.Equal("rtc@101000", node.Name);
        Assert.Equal("\"google,goldfish-rtc\"", DeviceTreeProbe.Text(node, "compatible"));
        Assert.Equal("<0x0 0x101000 0x0 0x1000>", DeviceTreeProbe.Text(node, "reg"));
        Assert.Equal("<0xb>", DeviceTreeProbe.Text(node, "interrupts"));
    }

    private long Time()
    {
        ulong low = Read(TimeLow);
        return (long)(Read(TimeHigh) << 32 | low);
    }

    /// <summary>As Linux does it: the high half first.</summary>
    private void SetTime(long value)
    {
        Write(TimeHigh, (ulong)value >> 32);
        Write(TimeLow, (uint)value);
    }

    private void SetAlarm(long value)
    {
        Write(AlarmHigh, (ulong)value >> 32);
        Write(AlarmLow, (uint)value);
    }

    private ulong Read(ulong offset) => _rtc.Read(offset, 4);

    private void Write(ulong offset, ulong value) => _rtc.Write(offset, 4, value);
}
