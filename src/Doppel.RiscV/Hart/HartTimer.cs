// Sstc 1.0 (stimecmp), Zicntr 2.0 (time).
using Doppel.Core.Clock;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>The hart's view of time: the time CSR, and the supervisor timer that stimecmp sets. Owned by the hart's thread.</summary>
internal sealed class HartTimer : IDisposable
{
    private const ulong Line = 1UL << InterruptNumber.SupervisorTimer;
    private readonly HartState _state;
    private readonly IVmClock _clock;
    private readonly IVmAlarm _alarm;

    /// <param name="due">Called on the clock's thread when <see cref="Update"/> should be called.</param>
    public HartTimer(HartState state, IVmClock clock, Action due)
    {
        _state = state;
        _clock = clock;
        _alarm = clock.CreateAlarm(due);
    }

    /// <summary>The time CSR in ticks of <see cref="HartConfig.TimebaseFrequency"/>.</summary>
    public ulong Time => (ulong)_clock.Nanoseconds / NanosecondsPerTick;

    private static uint NanosecondsPerTick => 1_000_000_000 / HartConfig.TimebaseFrequency;

    private bool Enabled => (_state.Menvcfg & Envcfg.Stce) != 0;

    /// <summary>Makes STIP say whether time has reached stimecmp.</summary>
    public void Update()
    {
        if (!Enabled) return;
        _state.ChangeShared(RiscVSlot.Lines, Line, Time >= _state.Slots[RiscVSlot.Stimecmp]);
    }

    /// <summary>Sets the alarm anew, after stimecmp or menvcfg.STCE was written or the state was loaded.</summary>
    public void Arm()
    {
        ulong deadline = _state.Slots[RiscVSlot.Stimecmp];
        if (!Enabled)
        {
            _state.ChangeShared(RiscVSlot.Lines, Line, set: false);
            _alarm.Cancel();
            return;
        }

        bool due = Time >= deadline;
        _state.ChangeShared(RiscVSlot.Lines, Line, due);
        if (due || deadline > (ulong)long.MaxValue / NanosecondsPerTick) _alarm.Cancel();
        else _alarm.Set((long)(deadline * NanosecondsPerTick));
    }

    public void Dispose() => _alarm.Dispose();
}
