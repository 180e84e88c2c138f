using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.Engines.Translator;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>
/// A hart with 16 MiB of RAM and nothing else. Programs are assembled at the start of RAM and end with <c>wfi</c>. Where the host can, each run is repeated under the
/// translator, which must leave the same state.
/// </summary>
internal sealed class HartBench : IDisposable
{
    public const ulong Base = 0x8000_0000;

    public HartBench(string program = "wfi", HartConfig? config = null)
    {
        Memory = new GuestMemory();
        Memory.AddRegion("ram", Base, 16 << 20);
        Hart = new RiscVHart(0, config ?? new HartConfig(), Memory, new SystemBus(NoTrace.Instance), Clock, NoTrace.Instance);
        Program = Assembler.Parse(program, Base);
        Assert.True(Memory.TryWrite(Base, Program.Build()));
    }

    public GuestMemory Memory { get; }

    public ManualClock Clock { get; } = new();

    public RiscVHart Hart { get; }

    public ProgramBuilder Program { get; }

    public ulong Pc => this[RiscVSlot.Pc];

    public ulong this[byte slot]
    {
        get => Hart.ReadRegister(slot);
        set => Hart.WriteRegister(slot, value);
    }

    /// <summary>An integer register by its ABI name.</summary>
    public ulong X(string name) => Hart.ReadRegister(Enumerable.Range(0, 32).First(i => RiscVSlot.Name(i) == name));

    /// <summary>Runs until the program waits.</summary>
    public HartBench Run(long budget = 100_000)
    {
        using TranslatedTwin? twin = Hart.Engine is null && CodeTranslator.IsSupported ? new TranslatedTwin(this) : null;
        Assert.Equal(StopReason.Halted, Hart.Run(budget));
        twin?.RunAndCompare();
        return this;
    }

    public static HartBench RunProgram(string program) => new HartBench(program).Run();

    public ulong Read64(ulong address)
    {
        Assert.True(Memory.TryReadUInt64(address, out ulong value));
        return value;
    }

    public void Write64(ulong address, ulong value) => Assert.True(Memory.TryWriteUInt64(address, value));

    public void WriteCode(ulong address, string text) => Assert.True(Memory.TryWrite(address, Assembler.Assemble(text, address)));

    public void Dispose()
    {
        Hart.Dispose();
        Memory.Dispose();
    }
}
