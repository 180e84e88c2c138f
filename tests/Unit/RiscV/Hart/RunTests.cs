using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>The contract of <see cref="IVcpu"/>.</summary>
public class RunTests
{
    private const string Counting = "top: addi a0, a0, 1; addi a0, a0, 1; c.nop; bnez a0, top";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(5000)]
    [InlineData(12_345)]
    public void Budget_is_exact(long budget)
    {
        using HartBench bench = new(Counting);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(budget));
        Assert.Equal((ulong)budget, bench.Hart.InstructionsRetired);
        long rest = budget % 4;
        Assert.Equal((ulong)((budget / 4 * 2) + Math.Min(rest, 2)), bench.X("a0"));
    }

    [Fact]
    public void Budget_ends_a_loop_of_exceptions()
    {
        using HartBench bench = new(".word 0");
        bench[RiscVSlot.Mtvec] = HartBench.Base;
        Assert.Equal(StopReason.Budget, bench.Hart.Run(1000));
        Assert.Equal(0UL, bench.Hart.InstructionsRetired);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(100_000));
    }

    [Fact]
    public void Kick_stops_an_endless_loop()
    {
        using HartBench bench = new("spin: j spin");
        var thread = new Thread(() =>
        {
            Thread.Sleep(20);
            bench.Hart.Kick();
        });
        thread.Start();
        Assert.Equal(StopReason.Kicked, bench.Hart.Run(long.MaxValue));
        thread.Join();
        Assert.True(bench.Hart.InstructionsRetired > 0);
    }

    [Fact]
    public void Kick_before_run_is_not_lost()
    {
        using HartBench bench = new("spin: j spin");
        bench.Hart.Kick();
        Assert.Equal(StopReason.Kicked, bench.Hart.Run(long.MaxValue));
        Assert.Equal(0UL, bench.Hart.InstructionsRetired);
    }

    [Fact]
    public void Stopped_hart_fetches_nothing_until_started()
    {
        using HartBench bench = new("li a0, 1; wfi");
        bench.Hart.Stopped = true;
        Assert.Equal(StopReason.Halted, bench.Hart.Run(10));
        Assert.Equal(0UL, bench.X("a0"));
        bench.Hart.Stopped = false;
        bench.Run();
        Assert.Equal(1UL, bench.X("a0"));
    }

    [Fact]
    public void Code_written_by_the_guest_is_seen_after_fence_i()
    {
        using HartBench bench = HartBench.RunProgram("""
            la t0, patch
            li t1, 0x00200513     # li a0, 2
            call patch
            mv a1, a0
            sw t1, 0(t0)
            fence.i
            call patch
            wfi
            patch: li a0, 1
            ret
            """);
        Assert.Equal(1UL, bench.X("a1"));
        Assert.Equal(2UL, bench.X("a0"));
    }

    [Fact]
    public void Instruction_across_pages_is_executed_and_can_be_jumped_over()
    {
        using HartBench bench = new("j 0x80000ffe");
        bench.WriteCode(HartBench.Base + 0xffe, "addi a0, zero, 5; addi a0, a0, 1; wfi");
        bench.Run();
        Assert.Equal(6UL, bench.X("a0"));
    }

    [Fact]
    public void Unmapped_fetch_is_an_access_fault_at_the_target()
    {
        using HartBench bench = new("li t0, 0x1000; jr t0");
        bench[RiscVSlot.Mtvec] = HartBench.Base + 0x100;
        bench.WriteCode(HartBench.Base + 0x100, "wfi");
        bench.Run();
        Assert.Equal(1UL, bench[RiscVSlot.Mcause]);
        Assert.Equal(0x1000UL, bench[RiscVSlot.Mepc]);
        Assert.Equal(0x1000UL, bench[RiscVSlot.Mtval]);
    }

    [Fact]
    public void State_survives_save_and_load()
    {
        var memories = new List<HartBench>();
        SnapshotContract.Check(
            () =>
            {
                var bench = new HartBench("li a0, 5; li t0, 0x42; csrw mscratch, t0; fld fa0, 0(zero); wfi");
                memories.Add(bench);
                return bench.Hart;
            },
            hart => hart.Run(3));
        memories.ForEach(m => m.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_words_never_throw(int seed)
    {
        var random = new Random(seed);
        using HartBench bench = new();
        byte[] garbage = new byte[64 * 1024];
        for (int round = 0; round < 20; round++)
        {
            random.NextBytes(garbage);
            for (int i = 0; i < garbage.Length; i += 4)
            {
                // Make half of it system and CSR instructions, which random words rarely are.
                if (random.Next(2) == 0) garbage[i] = (byte)(0x73 | (garbage[i] & 0x80));
            }

            Assert.True(bench.Memory.TryWrite(HartBench.Base, garbage));
            bench.Hart.Reset();
            bench[RiscVSlot.Mtvec] = HartBench.Base + (uint)random.Next(garbage.Length / 4) * 4;
            for (byte x = 1; x < 32; x++) bench[x] = random.Next(2) == 0 ? HartBench.Base + (uint)random.Next(1 << 20) : (ulong)random.NextInt64();
            for (int slice = 0; slice < 40; slice++)
            {
                Assert.NotEqual(StopReason.EngineFault, bench.Hart.Run(500));
                bench[RiscVSlot.Waiting] = 0;
                bench.Hart.SetInterruptLine(new[] { 3, 7, 9, 11 }[random.Next(4)], random.Next(2) == 0);
            }
        }
    }

    [Fact]
    public void Reset_ends_a_suspension()
    {
        using var bench = new HartBench("wfi");
        bench.Hart.Suspend();
        Assert.True(bench.Hart.Suspended);
        bench.Hart.Reset();
        bench.Run();
        Assert.False(bench.Hart.Suspended);
    }
}
