// Sstc 1.0 (stimecmp), Zicntr 2.0 (time).
using Doppel.Core.Clock;
using Doppel.RiscV.Csr;

namespace Doppel.RiscV.Hart;

/// <summary>The hart's view of time: the time CSR, and the supervisor timer that stimecmp sets. Owned by the hart's thread.</summary>
internal sealed class HartTimer : IDisposable
{
    private const ulong Line = 1UL << InterruptNumber.SupervisorTimer;
    private readonly HartState _state;
    private readonly TickCounter _time;
    private readonly IVmAlarm _alarm;
    private readonly Action _due;

    /// <param name="due">Called on any thread when <see cref="Arm"/> should be called.</param>
    public HartTimer(HartState state, TickCounter time, Action due)
    {
        _state = state;
        _time = time;
        _due = due;
        _alarm = time.Clock.CreateAlarm(due);
        time.Jumped += due;
    }

    /// <summary>The time CSR in ticks of <see cref="HartConfig.TimebaseFrequency"/>.</summary>
    public ulong Time => _time.Now;

    private bool Enabled => (_state.Menvcfg & Envcfg.Stce) != 0;

    /// <summary>Makes STIP say whether time has reached stimecmp.</summary>
    public void Update()
    {
        if (!Enabled) return;
        _state.ChangeShared(RiscVSlot.Lines, Line, Time >= _state.Slots[RiscVSlot.Stimecmp]);
    }

    /// <summary>Sets the alarm anew, after stimecmp, menvcfg.STCE or the time was written or the state was loaded.</summary>
    public void Arm()
    {
        if (!Enabled)
        {
            _state.ChangeShared(RiscVSlot.Lines, Line, set: false);
            _alarm.Cancel();
            return;
        }

        _state.ChangeShared(RiscVSlot.Lines, Line, _time.Reached(_state.Slots[RiscVSlot.Stimecmp], _alarm));
    }

    public void Dispose()
    {
        _time.Jumped -= _due;
        _alarm.Dispose();
    }
}
