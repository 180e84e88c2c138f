using Doppel.Core.Clock;
using Doppel.Core.Engine;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Csr;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Translation;

/// <summary>What a hart is to an engine with generated code: its registers are the hart's, and whatever is rare is done by the interpreter.</summary>
internal sealed class TranslatedHart(HartState state, PendingTrap trap, HartSignals signals, MemoryUnit memory, Interpreter.Interpreter interpreter, IVmClock clock) : IGuestProcessor
{
    private const uint SystemOpcode = 0x73;
    private const uint OpcodeMask = 0x7f;

    private long _counted = clock.Nanoseconds;
    private ulong _behindCounter = ulong.MaxValue;

    public CpuState State => state.Slots;

    public ProcessorContext Context => memory.ContextFor(CodeMode.Of(state));

    public FloatEnvironment FloatEnvironment
    {
        get
        {
            ulong fcsr = state.Slots[RiscVSlot.Fcsr];
            return new FloatEnvironment((FloatExceptions)(fcsr & 0x1f), (FloatRounding)(fcsr >> 5 & 3));
        }

        set => state.Slots[RiscVSlot.Fcsr] |= (ulong)value.Exceptions;
    }

    public ulong InstructionsExecuted => state.Retired + interpreter.Exceptions;

    public bool CanGoOn => !signals.Attention && !state.Waiting && !state.Stopped && (state.MipBits & state.Mie) == 0;

    public void Retire(long instructions) => state.Retired += (ulong)instructions;

    public bool TryMapPage(ulong address, PageAccess access, out PageMapping mapping) => memory.TryMapPage(address, access, out mapping);

    public bool TryLoad(ulong address, int size, out ulong value)
    {
        value = memory.Load(address, size);
        return !trap.Raised || Trapped();
    }

    public bool TryStore(ulong address, int size, ulong value)
    {
        memory.Store(address, size, value);
        return !trap.Raised || Trapped();
    }

    public bool Step()
    {
        ulong pc = state.Pc;
        uint mode = CodeMode.Of(state);
        if (memory.FetchPage(pc) is not { } page) return Trapped();
        ushort parcel = page.Parcel((int)(pc & 0xfff));
        int length = (parcel & 3) == 3 ? 4 : 2;
        if ((parcel & OpcodeMask) == SystemOpcode && (pc & 0xfff) <= 0xffc && IsCounter(page.Parcel((int)(pc & 0xfff) + 2) >> 4) && memory.Engine is { Counts: false }) CountTime(pc);
        ulong exceptions = interpreter.Exceptions;
        if (!interpreter.TryStepSystem(page)) interpreter.Run(state.Retired + 1);
        return state.Pc == pc + (ulong)length && interpreter.Exceptions == exceptions && CanGoOn && CodeMode.Of(state) == mode;
    }

    public void ContextSelected() => memory.UpdateContext();

    /// <summary>
    /// Makes the counters go on: while generated code runs, which does not count, a nanosecond is an instruction and a cycle. To be called before the guest looks.
    /// The instruction behind such an access sees what that has left, for "the value written will be the value read by the following instruction" (Privileged Architecture 1.13, section 3.1.10).
    /// </summary>
    // Deviation: instret is not the number of instructions under an engine with generated code that does not count (Zicntr 2.0 asks for it).
    private void CountTime(ulong pc)
    {
        long now = clock.Nanoseconds;
        if (pc != _behindCounter) state.Retired += (ulong)Math.Max(0, now - _counted);
        _counted = now;
        _behindCounter = pc + 4;
    }

    private static bool IsCounter(int csr) =>
        csr is CsrNumber.Cycle or CsrNumber.Instret or CsrNumber.Mcycle or CsrNumber.Minstret or CsrNumber.Mcountinhibit;

    private bool Trapped()
    {
        interpreter.TakePendingTrap(state.Pc);
        return false;
    }
}
