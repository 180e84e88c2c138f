// Goldfish real-time clock ("google,goldfish-rtc"): Android emulator documentation "Goldfish virtual hardware", section RTC, with the alarm registers that Linux uses.
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Rtc;

/// <summary>A real-time clock: nanoseconds since 1970 in UTC, which the guest may set, and one alarm.</summary>
public sealed class GoldfishRtc : IBusDevice, ISnapshotPart, IDeviceTreeSource, IDisposable
{
    private const ulong TimeLow = 0x00;
    private const ulong TimeHigh = 0x04;
    private const ulong AlarmLow = 0x08;
    private const ulong AlarmHigh = 0x0c;
    private const ulong IrqEnabled = 0x10;
    private const ulong ClearAlarm = 0x14;
    private const ulong AlarmStatus = 0x18;
    private const ulong ClearInterrupt = 0x1c;

    private readonly IVmClock _clock;
    private readonly IInterruptLine _line;
    private readonly IVmAlarm _alarm;
    private ulong _offset;
    private ulong _latchedTime;
    private ulong _alarmTime;
    private bool _alarmRunning;
    private bool _irqEnabled;
    private bool _irqPending;

    public GoldfishRtc(IVmClock clock, IInterruptLine line)
    {
        _clock = clock;
        _line = line;
        _alarm = clock.CreateAlarm(AlarmDue);
    }

    public ulong Length => 0x1000;

    public string SnapshotName { get; init; } = "rtc";

    /// <summary>Nanoseconds since 1970 as the guest sees and sets them, modulo 2⁶⁴.</summary>
    private ulong Now => (ulong)_clock.UnixNanoseconds + _offset;

    /// <summary>Only 32-bit registers exist.</summary>
    public ulong Read(ulong offset, int size)
    {
        if (size != 4) return 0;
        switch (offset)
        {
            case TimeLow:
                // The high half belongs to the low half that was read before it.
                _latchedTime = Now;
                return (uint)_latchedTime;
            case TimeHigh:
                return _latchedTime >> 32;
            case AlarmLow:
                return (uint)_alarmTime;
            case AlarmHigh:
                return _alarmTime >> 32;
            case IrqEnabled:
                return _irqEnabled ? 1UL : 0UL;
            case AlarmStatus:
                return _alarmRunning ? 1UL : 0UL;
            default:
                return 0;
        }
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size != 4) return;
        switch (offset)
        {
            case TimeLow:
                SetTime(now => WithLow(now, value));
                break;
            case TimeHigh:
                // The low half follows; until then the time may be seconds off, and the alarm must not see that.
                SetTime(now => WithHigh(now, value));
                return;
            case AlarmLow:
                // The low half comes last and sets the alarm.
                _alarmTime = WithLow(_alarmTime, value);
                _alarmRunning = true;
                break;
            case AlarmHigh:
                _alarmTime = WithHigh(_alarmTime, value);
                break;
            case IrqEnabled:
                _irqEnabled = (value & 1) != 0;
                break;
            case ClearAlarm:
                _alarmRunning = false;
                break;
            case ClearInterrupt:
                _irqPending = false;
                break;
        }

        Update();
    }

    /// <summary>The time that the guest has set stays: the clock's battery outlives a reset.</summary>
    public void Reset()
    {
        _latchedTime = 0;
        _alarmTime = 0;
        _alarmRunning = false;
        _irqEnabled = false;
        _irqPending = false;
        Update();
    }

    public void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            writer.Write("offset", _offset);
            writer.Write("latch", _latchedTime);
            writer.Write("alarm", _alarmTime);
            writer.Write("running", _alarmRunning);
            writer.Write("enabled", _irqEnabled);
            writer.Write("pending", _irqPending);
        }
    }

    public void Load(SnapshotReader reader)
    {
        ulong offset = reader.GetUInt64("offset");
        ulong latch = reader.GetUInt64("latch");
        ulong alarm = reader.GetUInt64("alarm");
        bool running = reader.GetBoolean("running");
        bool enabled = reader.GetBoolean("enabled");
        bool pending = reader.GetBoolean("pending");
        lock (this)
        {
            _offset = offset;
            _latchedTime = latch;
            _alarmTime = alarm;
            _alarmRunning = running;
            _irqEnabled = enabled;
            _irqPending = pending;
            Update();
        }
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) =>
        parent.Child($"rtc@{address:x}").Strings("compatible", "google,goldfish-rtc").Reg(address, Length).Cells("interrupts", interrupt);

    public void Dispose() => _alarm.Dispose();

    private void AlarmDue()
    {
        lock (this) Update();
    }

    private void SetTime(Func<ulong, ulong> change)
    {
        ulong now = Now;
        _offset += change(now) - now;
    }

    /// <summary>Fires the alarm if its time has come, else waits for it; and drives the wire.</summary>
    private void Update()
    {
        ulong now = Now;
        if (_alarmRunning && _alarmTime <= now)
        {
            _alarmRunning = false;
            _irqPending = true;
        }

        ulong left = _alarmTime - now;
        long clockNow = _clock.Nanoseconds;
        // Beyond the clock's range of 292 years nothing will happen.
        if (_alarmRunning && left <= (ulong)(long.MaxValue - clockNow)) _alarm.Set(clockNow + (long)left);
        else _alarm.Cancel();
        _line.Set(_irqPending && _irqEnabled);
    }

    private static ulong WithLow(ulong old, ulong value) => old & 0xffff_ffff_0000_0000 | (uint)value;

    private static ulong WithHigh(ulong old, ulong value) => (uint)old | value << 32;
}
