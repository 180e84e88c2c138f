// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 11 "Performance Monitoring Unit Extension": firmware counters.
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Counters;

/// <summary>
/// The firmware counters of a hart, numbered from 0. Events are counted always, by any thread; a counter that runs is its difference from them. All else belongs to the hart's thread.
/// </summary>
internal sealed class FirmwareCounters(HartState state)
{
    public const int Count = 8;

    /// <summary>Above the code of every event.</summary>
    public const int Events = (int)FirmwareEvent.SfenceVmaAsidReceived + 1;

    public static bool HasEvent(ulong code) => code is >= (ulong)FirmwareEvent.SetTimer and < Events;

    /// <summary>The counters that the supervisor has configured, with those of hardware; by the numbers of the PMU extension.</summary>
    public ulong Configured
    {
        get => state.Slots[RiscVSlot.PmuConfigured];
        set => state.Slots[RiscVSlot.PmuConfigured] = value;
    }

    /// <summary>Something has happened. Any thread.</summary>
    public void Happened(FirmwareEvent what) => Interlocked.Increment(ref state.Slots.At(RiscVSlot.FirmwareEvents + (int)what));

    /// <summary>Makes a counter that stands count an event from its next start on.</summary>
    public void Configure(int counter, ulong code) => state.Slots.At(RiscVSlot.FirmwareEvent + counter) = code;

    public bool Runs(int counter) => (state.Slots[RiscVSlot.PmuStarted] >> counter & 1) != 0;

    public ulong Read(int counter) => Value(counter) + (Runs(counter) ? Happened(counter) : 0);

    public void Write(int counter, ulong value) => Value(counter) = value - (Runs(counter) ? Happened(counter) : 0);

    /// <returns>False if it runs already.</returns>
    public bool TryStart(int counter)
    {
        if (Runs(counter)) return false;
        state.Slots[RiscVSlot.PmuStarted] |= 1UL << counter;
        Value(counter) -= Happened(counter);
        return true;
    }

    /// <returns>False if it does not run.</returns>
    public bool TryStop(int counter)
    {
        if (!Runs(counter)) return false;
        state.Slots[RiscVSlot.PmuStarted] &= ~(1UL << counter);
        Value(counter) += Happened(counter);
        return true;
    }

    private ref ulong Value(int counter) => ref state.Slots.At(RiscVSlot.FirmwareCounter + counter);

    private ulong Happened(int counter)
    {
        // A saved state may hold anything.
        ulong code = state.Slots.At(RiscVSlot.FirmwareEvent + counter);
        return HasEvent(code) ? Volatile.Read(ref state.Slots.At(RiscVSlot.FirmwareEvents + (int)code)) : 0;
    }
}
