// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 11 "Performance Monitoring Unit Extension"; without snapshots, as S-mode can read the counters itself.
using System.Numerics;
using Doppel.RiscV.Counters;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Sbi;

/// <summary>
/// Configures the calling hart's counters. A hardware counter has the number that its CSR has behind <c>cycle</c>, so that there is no counter 1; firmware counters follow.
/// </summary>
internal sealed class PmuExtension : ISbiExtension
{
    private const int FirmwareBase = HartCounters.First + HartCounters.Programmable;
    private const int Counters = FirmwareBase + FirmwareCounters.Count;
    private const ulong Existing = HartCounters.Implemented | ((1UL << FirmwareCounters.Count) - 1) << FirmwareBase;

    /// <summary>SBI_PMU_CFG_FLAG_…</summary>
    private const ulong SkipMatch = 1, ClearValue = 2, AutoStart = 4, SetUinh = 1 << 5, SetSinh = 1 << 6, SetMinh = 1 << 7, ConfigFlags = 0xff;

    /// <summary>SBI_PMU_START_SET_INIT_VALUE, SBI_PMU_START_FLAG_INIT_SNAPSHOT.</summary>
    private const ulong SetInitialValue = 1, InitialSnapshot = 2;

    /// <summary>SBI_PMU_STOP_FLAG_RESET, SBI_PMU_STOP_FLAG_TAKE_SNAPSHOT.</summary>
    private const ulong ResetMapping = 1, TakeSnapshot = 2;

    /// <summary>Types of events.</summary>
    private const ulong General = 0, Cache = 1, Raw = 2, Firmware = 15;

    /// <summary>"PMU".</summary>
    public ulong Id => 0x504D55;

    public SbiResult Call(RiscVHart caller, in SbiCall call) => call.Function switch
    {
        0 => SbiResult.Success(Counters),
        1 => Describe(call.A0),
        2 => Configure(caller, call),
        3 => Start(caller, call),
        4 => Stop(caller, call),
        5 => IsFirmware(call.A0) ? SbiResult.Success(caller.FirmwareCounters.Read((int)call.A0 - FirmwareBase)) : SbiError.InvalidParam,
        // The upper half that only 32-bit harts have.
        6 => IsFirmware(call.A0) ? SbiResult.Success() : SbiError.InvalidParam,
        _ => SbiError.NotSupported,
    };

    private static bool IsFirmware(ulong counter) => counter is >= FirmwareBase and < Counters;

    private static SbiResult Describe(ulong counter)
    {
        if (IsFirmware(counter)) return SbiResult.Success(1UL << 63 | 63UL << 12);
        return counter < FirmwareBase && HartCounters.Exists((int)counter) ? SbiResult.Success(CsrNumber.Cycle + counter | 63UL << 12) : SbiError.InvalidParam;
    }

    /// <summary>The counters that a call names. Masks over all numbers are usual, so that 1 may be among them.</summary>
    private static bool TryResolve(in SbiCall call, out ulong set)
    {
        set = 0;
        if (call.A0 >= Counters) return false;
        ulong named = call.A1 << (int)call.A0;
        if (named >> (int)call.A0 != call.A1 || named >> Counters != 0) return false;
        set = named & Existing;
        return set != 0;
    }

    private static SbiResult Configure(RiscVHart hart, in SbiCall call)
    {
        ulong flags = call.A2, index = call.A3;
        if (!TryResolve(call, out ulong set) || (flags & ~ConfigFlags) != 0 || index >> 20 != 0) return SbiError.InvalidParam;
        int counter = BitOperations.TrailingZeroCount(set);
        if ((flags & SkipMatch) == 0)
        {
            ulong free = set & ~hart.FirmwareCounters.Configured;
            counter = index >> 16 == Firmware ? MatchFirmware(hart, free, index & 0xffff) : MatchHardware(hart, free, index, call.A4, flags);
            if (counter < 0) return SbiError.NotSupported;
        }

        Mark(hart, counter, configured: true);
        if ((flags & ClearValue) != 0) Write(hart, counter, 0);
        if ((flags & AutoStart) != 0) TryStart(hart, counter);
        return SbiResult.Success((ulong)counter);
    }

    private static int MatchFirmware(RiscVHart hart, ulong free, ulong code)
    {
        free &= ulong.MaxValue << FirmwareBase;
        if (free == 0 || !FirmwareCounters.HasEvent(code)) return -1;
        int counter = BitOperations.TrailingZeroCount(free);
        hart.FirmwareCounters.TryStop(counter - FirmwareBase);
        hart.FirmwareCounters.Configure(counter - FirmwareBase, code);
        return counter;
    }

    private static int MatchHardware(RiscVHart hart, ulong free, ulong index, ulong data, ulong flags)
    {
        ulong selector = (index >> 16) switch
        {
            General or Cache => index,
            Raw when index == Raw << 16 => data,
            _ => 0,
        };
        if (!CounterEvent.All.Contains(selector)) return -1;

        // A programmable one first: only these can leave out modes and report overflows.
        ulong inhibits = ((flags & SetMinh) != 0 ? Mhpmevent.Minh : 0) | ((flags & SetSinh) != 0 ? Mhpmevent.Sinh : 0) | ((flags & SetUinh) != 0 ? Mhpmevent.Uinh : 0);
        if ((free & HartCounters.ProgrammableMask) is not 0 and var programmable)
        {
            int counter = BitOperations.TrailingZeroCount(programmable);
            hart.Counters.TryStop(counter);

            // It reports when it is started.
            hart.Counters.WriteEvent(counter, Mhpmevent.Of | inhibits | selector);
            return counter;
        }

        int fixedCounter = selector == CounterEvent.Cycles ? HartCounters.Cycle : HartCounters.Instret;
        return CounterEvent.IsInstruction(selector) && inhibits == 0 && (free >> fixedCounter & 1) != 0 ? fixedCounter : -1;
    }

    private static SbiResult Start(RiscVHart hart, in SbiCall call)
    {
        if (!TryResolve(call, out ulong set) || (call.A2 & ~(SetInitialValue | InitialSnapshot)) != 0) return SbiError.InvalidParam;
        if ((call.A2 & InitialSnapshot) != 0) return SbiError.NoShmem;
        if ((set >> FirmwareBase & ~(hart.FirmwareCounters.Configured >> FirmwareBase)) != 0) return SbiError.InvalidParam;
        SbiError result = SbiError.Success;
        for (; set != 0; set &= set - 1)
        {
            int counter = BitOperations.TrailingZeroCount(set);
            if (Runs(hart, counter))
            {
                result = SbiError.AlreadyStarted;
                continue;
            }

            if ((call.A2 & SetInitialValue) != 0) Write(hart, counter, call.A3);
            TryStart(hart, counter);
        }

        return result;
    }

    private static SbiResult Stop(RiscVHart hart, in SbiCall call)
    {
        if (!TryResolve(call, out ulong set) || (call.A2 & ~(ResetMapping | TakeSnapshot)) != 0) return SbiError.InvalidParam;
        if ((call.A2 & TakeSnapshot) != 0) return SbiError.NoShmem;
        SbiError result = SbiError.Success;
        for (; set != 0; set &= set - 1)
        {
            int counter = BitOperations.TrailingZeroCount(set);
            bool stopped = counter >= FirmwareBase ? hart.FirmwareCounters.TryStop(counter - FirmwareBase) : hart.Counters.TryStop(counter);
            if (!stopped) result = SbiError.AlreadyStopped;
            if ((call.A2 & ResetMapping) == 0) continue;
            Mark(hart, counter, configured: false);
            hart.Counters.WriteEvent(counter, 0);
        }

        return result;
    }

    private static bool Runs(RiscVHart hart, int counter) =>
        counter >= FirmwareBase ? hart.FirmwareCounters.Runs(counter - FirmwareBase) : !hart.Counters.IsInhibited(counter);

    private static void TryStart(RiscVHart hart, int counter)
    {
        if (counter >= FirmwareBase) hart.FirmwareCounters.TryStart(counter - FirmwareBase);
        else hart.Counters.TryStart(counter);
    }

    private static void Write(RiscVHart hart, int counter, ulong value)
    {
        if (counter >= FirmwareBase) hart.FirmwareCounters.Write(counter - FirmwareBase, value);
        else hart.Counters.Write(counter, value);
    }

    private static void Mark(RiscVHart hart, int counter, bool configured)
    {
        ulong marks = hart.FirmwareCounters.Configured, mark = 1UL << counter;
        hart.FirmwareCounters.Configured = configured ? marks | mark : marks & ~mark;
    }
}
