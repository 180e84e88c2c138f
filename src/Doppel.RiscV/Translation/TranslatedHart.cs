using Doppel.Core.Engine;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Mmu;

namespace Doppel.RiscV.Translation;

/// <summary>What a hart is to an engine with generated code: its registers are the hart's, and whatever is rare is done by the interpreter.</summary>
internal sealed class TranslatedHart(HartState state, PendingTrap trap, HartSignals signals, MemoryUnit memory, Interpreter.Interpreter interpreter) : IGuestProcessor
{
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
        int length = (page.Bits((int)(pc & 0xfff)) & 3) == 3 ? 4 : 2;
        ulong exceptions = interpreter.Exceptions;
        if (!interpreter.TryStepSystem(page)) interpreter.Run(state.Retired + 1);
        return state.Pc == pc + (ulong)length && interpreter.Exceptions == exceptions && CanGoOn && CodeMode.Of(state) == mode;
    }

    public void Interpret(int instructions) => interpreter.RunAbout((ulong)instructions);

    public void ContextSelected() => memory.UpdateContext();

    private bool Trapped()
    {
        interpreter.TakePendingTrap(state.Pc);
        return false;
    }
}
