using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.RiscV.Hart;

public class TraceTests
{
    [Fact]
    public void Exec_trace_has_a_line_per_instruction_with_its_text_across_pages_too()
    {
        const ulong Start = HartBench.Base + 0xff8;
        using var memory = new GuestMemory();
        memory.AddRegion("ram", HartBench.Base, 1 << 20);
        Assert.True(memory.TryWrite(Start, Assembler.Assemble("c.nop; addi a0, zero, 5; addi a1, a0, 1; wfi", Start)));
        var trace = new ListTrace();
        using var hart = new RiscVHart(0, new HartConfig { ResetVector = Start }, memory, new SystemBus(trace), new ManualClock(), trace);
        hart.Run(100);
        Assert.Equal(4, trace.Lines.Count);
        Assert.StartsWith("hart 0: M 0x0000000080000ffa ", trace.Lines[1]);
        Assert.Contains("a0,5", trace.Lines[1].Replace(" ", ""));
        Assert.StartsWith("hart 0: M 0x0000000080000ffe ", trace.Lines[2]);
        Assert.Contains("a1,a0,1", trace.Lines[2].Replace(" ", ""));
        Assert.EndsWith("wfi", trace.Lines[3]);
        Assert.Equal(6UL, hart.ReadRegister(11));
    }

    private sealed class ListTrace : ITrace
    {
        public List<string> Lines { get; } = [];

        public bool Enabled(TraceCategory category) => category == TraceCategory.Exec;

        public void Write(TraceCategory category, string text) => Lines.Add(text);

        public void Warn(string text)
        {
        }
    }
}
