using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Unit.Doubles;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>A 2.1, on one hart and among several.</summary>
public class AtomicTests
{
    [Fact]
    public void Store_conditional_fails_without_reservation_and_after_a_change()
    {
        using HartBench bench = HartBench.RunProgram("""
            la t0, word
            li a0, 9
            sc.d a1, a0, (t0)
            lr.d a2, (t0)
            sc.d a3, a0, (t0)
            sc.d a4, a0, (t0)
            lr.d a2, (t0)
            sd zero, 0(t0)
            sc.d a5, a0, (t0)
            ld a6, 0(t0)
            wfi
            .align 8
            word: .dword 5
            """);
        Assert.Equal(1UL, bench.X("a1"));
        Assert.Equal(0UL, bench.X("a3"));
        Assert.Equal(1UL, bench.X("a4"));
        Assert.Equal(1UL, bench.X("a5"));
        Assert.Equal(0UL, bench.X("a6"));
    }

    [Theory]
    [InlineData("lr.d a0, (t0)", 4)]
    [InlineData("sc.w a0, a0, (t0)", 6)]
    [InlineData("amoadd.w a0, a0, (t0)", 6)]
    public void Misaligned_atomic_is_a_misaligned_exception(string instruction, ulong cause)
    {
        using HartBench bench = new(instruction);
        bench[5] = HartBench.Base + 0x2002;
        bench[RiscVSlot.Mtvec] = HartBench.Base + 0x100;
        bench.WriteCode(HartBench.Base + 0x100, "wfi");
        bench.Run();
        Assert.Equal(cause, bench[RiscVSlot.Mcause]);
        Assert.Equal(HartBench.Base + 0x2002, bench[RiscVSlot.Mtval]);
    }

    [Theory]
    [InlineData("amoadd.d zero, t1, (t0)")]
    [InlineData("again: lr.d t2, (t0); add t2, t2, t1; sc.d t3, t2, (t0); bnez t3, again")]
    public void Increments_of_four_harts_are_all_counted(string increment)
    {
        const int Harts = 4, Rounds = 20_000;
        using var memory = new GuestMemory();
        memory.AddRegion("ram", HartBench.Base, 1 << 20);
        var bus = new SystemBus(NoTrace.Instance);
        Assert.True(memory.TryWrite(HartBench.Base, Assembler.Assemble($"loop:\n {increment}; addi s0, s0, -1; bnez s0, loop; wfi", HartBench.Base)));
        RiscVHart[] harts = [.. Enumerable.Range(0, Harts).Select(i => new RiscVHart(i, new HartConfig(), memory, bus, new ManualClock(), NoTrace.Instance))];
        foreach (RiscVHart hart in harts)
        {
            hart.WriteRegister(5, HartBench.Base + 0x8000);
            hart.WriteRegister(6, 1);
            hart.WriteRegister(8, Rounds);
        }

        var results = new StopReason[Harts];
        Thread[] threads = [.. harts.Select((hart, i) => new Thread(() => results[i] = hart.Run(100_000_000)))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.All(results, r => Assert.Equal(StopReason.Halted, r));
        Assert.True(memory.TryReadUInt64(HartBench.Base + 0x8000, out ulong total));
        Assert.Equal((ulong)(Harts * Rounds), total);
        foreach (RiscVHart hart in harts) hart.Dispose();
    }
}
