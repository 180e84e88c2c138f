// Zicntr and Zihpm 2.0; Privileged Architecture 1.13, sections 3.1.10 to 3.1.12; Sscofpmf 1.0.
using System.Numerics;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Counters;

/// <summary>
/// The performance counters of a hart: cycle (0), instret (2), and the programmable ones from <see cref="First"/> on, numbered as the bits of mcountinhibit are. Owned by the hart's thread.
/// </summary>
/// <remarks>
/// A counter that runs with the instructions is kept as its difference from <see cref="HartState.Retired"/>, so that nothing has to be done while it runs; it is settled when what it
/// counts changes. Changes by an instruction take effect behind it: it counts as it would have without them.
/// </remarks>
internal sealed class HartCounters(HartState state, HartSignals signals)
{
    /// <summary>The first programmable counter.</summary>
    public const int First = 3;

    /// <summary>How many programmable counters there are.</summary>
    public const int Programmable = 8;

    public const int Cycle = 0;
    public const int Instret = 2;

    /// <summary>The counters that there are, as bits of mcountinhibit.</summary>
    public const ulong Implemented = Fixed | ProgrammableMask;

    /// <summary>The programmable ones.</summary>
    public const ulong ProgrammableMask = ((1UL << Programmable) - 1) << First;

    private const ulong Fixed = 1UL << Cycle | 1UL << Instret;
    private const ulong Never = ulong.MaxValue;

    // Values of the retired counter at which counters wrap to zero, for those that report it.
    private readonly ulong[] _overflows = new ulong[First + Programmable];

    // The counters that run with the instructions in the present mode.
    private ulong _running;
    private bool _looksAtModes;
    private bool _countsMisses;

    /// <summary>The value of the retired counter at which the next counter overflows; the hart must look around there.</summary>
    public ulong NextOverflow { get; private set; } = Never;

    /// <summary>The value of the retired counter at which the engine that runs now stops; if that becomes too late, it is made to look around. 0 while none runs.</summary>
    public ulong Limit { get; set; }

    /// <summary>scountovf: the counters that have overflowed.</summary>
    public ulong Overflowed
    {
        get
        {
            ulong overflowed = 0;
            for (int n = First; n < First + Programmable; n++) overflowed |= (EventOf(n) >> 63) << n;
            return overflowed;
        }
    }

    public static bool Exists(int counter) => (uint)counter < First + Programmable && (Implemented >> counter & 1) != 0;

    public static bool IsProgrammable(int counter) => counter is >= First and < First + Programmable;

    public bool IsInhibited(int counter) => (state.Slots[RiscVSlot.Mcountinhibit] >> counter & 1) != 0;

    /// <summary>The value; 0 if there is no such counter.</summary>
    public ulong Read(int counter)
    {
        if (!Exists(counter)) return 0;
        Use(counter);
        ulong stored = state.Slots[SlotOf(counter)];
        return Runs(counter) ? stored + state.Retired : stored;
    }

    /// <summary>Sets a counter by the present instruction: the next one finds the value.</summary>
    public void Write(int counter, ulong value)
    {
        if (!Exists(counter)) return;
        Use(counter);
        ulong now = state.Retired + 1;
        state.Slots[SlotOf(counter)] = Runs(counter) ? value - now : value;
        FindOverflows(now);
    }

    /// <summary>mhpmevent; 0 if there is no such counter.</summary>
    public ulong ReadEvent(int counter) => IsProgrammable(counter) ? EventOf(counter) : 0;

    /// <summary>Sets what a counter counts by the present instruction.</summary>
    public void WriteEvent(int counter, ulong value)
    {
        if (!IsProgrammable(counter)) return;
        Settle(state.Retired + 1);
        EventOf(counter) = Mhpmevent.Legal(value);
        Change(state.Retired + 1);
    }

    /// <summary>Sets mcountinhibit by the present instruction.</summary>
    public void WriteInhibit(ulong value)
    {
        Settle(state.Retired + 1);
        state.Slots[RiscVSlot.Mcountinhibit] = value & Implemented;
        Change(state.Retired + 1);
    }

    /// <summary>Lets a counter run, by the present instruction, and report when it overflows next.</summary>
    /// <returns>False if it did already.</returns>
    public bool TryStart(int counter)
    {
        if (!IsInhibited(counter)) return false;
        Use(counter);

        // While an overflow is to be looked into, OF says whose it was.
        bool pending = (state.MipBits & 1UL << InterruptNumber.CounterOverflow) != 0;
        if (IsProgrammable(counter) && !pending) EventOf(counter) &= ~Mhpmevent.Of;
        WriteInhibit(state.Slots[RiscVSlot.Mcountinhibit] & ~(1UL << counter));
        return true;
    }

    /// <summary>Stops a counter by the present instruction.</summary>
    /// <returns>False if it did not run.</returns>
    public bool TryStop(int counter)
    {
        if (IsInhibited(counter)) return false;
        WriteInhibit(state.Slots[RiscVSlot.Mcountinhibit] | 1UL << counter);
        return true;
    }

    /// <summary>The mode has changed.</summary>
    /// <param name="now">The retired counter where the new mode begins.</param>
    public void ModeChanged(ulong now)
    {
        if (!_looksAtModes) return;
        Settle(now);
        Change(now);
    }

    /// <summary>Lets the counters overflow that do up to a moment.</summary>
    public void Settle(ulong now)
    {
        if (now < NextOverflow) return;
        for (int n = First; n < First + Programmable; n++)
        {
            if (_overflows[n] <= now) Overflow(n);
        }

        FindOverflows(now);
    }

    /// <summary>Page tables are walked for an access of the present mode.</summary>
    public void CountMiss(AccessKind kind)
    {
        if (!_countsMisses) return;
        ulong missed = kind switch
        {
            AccessKind.Fetch => CounterEvent.InstructionTlbReadMiss,
            AccessKind.Store => CounterEvent.DataTlbWriteMiss,
            _ => CounterEvent.DataTlbReadMiss,
        };
        for (int n = First; n < First + Programmable; n++)
        {
            ulong selected = EventOf(n);
            if ((selected & Mhpmevent.Selector) != missed || IsInhibited(n) || Mhpmevent.InhibitedIn(selected, state.Mode)) continue;
            if (++state.Slots.At(SlotOf(n)) != 0 || (selected & Mhpmevent.Of) != 0) continue;
            Overflow(n);
            signals.Raise(HartSignal.Interrupt);
        }
    }

    /// <summary>Derives everything anew from the slots, which somebody has written behind the instructions' back.</summary>
    public void Renew()
    {
        _running = FindRunning();
        FindOverflows(state.Retired);
        FindCounting();
    }

    private static byte SlotOf(int counter) => counter switch
    {
        Cycle => RiscVSlot.McycleBase,
        Instret => RiscVSlot.MinstretBase,
        _ => (byte)(RiscVSlot.Mhpmcounter + counter - First),
    };

    private ref ulong EventOf(int counter) => ref state.Slots.At(RiscVSlot.Mhpmevent + counter - First);

    private bool Runs(int counter) => (_running >> counter & 1) != 0;

    /// <summary>Somebody looks at cycle or instret: from now on instructions have to be counted.</summary>
    private void Use(int counter)
    {
        ulong bit = 1UL << counter;
        if ((Fixed & bit) == 0 || (state.Slots[RiscVSlot.CountersUsed] & bit) != 0) return;
        state.Slots[RiscVSlot.CountersUsed] |= bit;
        FindCounting();
    }

    private void Change(ulong now)
    {
        ulong running = FindRunning();
        for (ulong changed = running ^ _running; changed != 0; changed &= changed - 1)
        {
            int n = BitOperations.TrailingZeroCount(changed);
            if ((running >> n & 1) != 0) state.Slots[SlotOf(n)] -= now;
            else state.Slots[SlotOf(n)] += now;
        }

        _running = running;
        FindOverflows(now);
        FindCounting();
    }

    private ulong FindRunning()
    {
        ulong running = Fixed;
        for (int n = First; n < First + Programmable; n++)
        {
            ulong selected = EventOf(n);
            if (CounterEvent.IsInstruction(selected & Mhpmevent.Selector) && !Mhpmevent.InhibitedIn(selected, state.Mode)) running |= 1UL << n;
        }

        return running & ~state.Slots[RiscVSlot.Mcountinhibit];
    }

    /// <summary>When the counters that run overflow. One that is zero has just done so, or has all its way before it.</summary>
    private void FindOverflows(ulong now)
    {
        NextOverflow = Never;
        for (int n = First; n < First + Programmable; n++)
        {
            _overflows[n] = Never;
            if (!Runs(n) || (EventOf(n) & Mhpmevent.Of) != 0) continue;
            ulong left = 0 - (state.Slots[SlotOf(n)] + now);
            if (left == 0 || left > Never - now) continue;
            _overflows[n] = now + left;
            NextOverflow = Math.Min(NextOverflow, _overflows[n]);
        }

        if (NextOverflow < Limit) signals.Raise(HartSignal.Interrupt);
    }

    /// <summary>What has to be counted at all, in whatever mode.</summary>
    private void FindCounting()
    {
        bool counting = (state.Slots[RiscVSlot.CountersUsed] & ~state.Slots[RiscVSlot.Mcountinhibit] & Fixed) != 0;
        _looksAtModes = _countsMisses = false;
        for (int n = First; n < First + Programmable; n++)
        {
            ulong selected = EventOf(n), inhibits = selected & Mhpmevent.Inhibits;
            if (IsInhibited(n) || (selected & Mhpmevent.Selector) == 0 || inhibits == Mhpmevent.Inhibits) continue;
            if (!CounterEvent.IsInstruction(selected & Mhpmevent.Selector))
            {
                _countsMisses = true;
                continue;
            }

            counting = true;
            _looksAtModes |= inhibits != 0;
        }

        state.Counting = counting;
    }

    private void Overflow(int counter)
    {
        EventOf(counter) |= Mhpmevent.Of;
        state.ChangeShared(RiscVSlot.Mip, 1UL << InterruptNumber.CounterOverflow, set: true);
    }
}
