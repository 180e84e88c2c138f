using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.Snapshot;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>Zicntr, Zihpm and Sscofpmf: what counters count, when they overflow, and who may see it. Each program runs under both engines, with the same numbers.</summary>
public class CounterTests
{
    private const ulong Handler = HartBench.Base + 0x1000;
    private const ulong OverflowBit = 1UL << 13;

    /// <summary>A handler in M-mode that notes where the program was in s11 and in which mode in s10, counts in s9, and ends the program.</summary>
    private const string NoteAndEnd = "csrr s11, mepc; csrr s10, mstatus; addi s9, s9, 1; csrw mie, zero; li t6, -1; csrw mcountinhibit, t6; stay: wfi; j stay";

    /// <summary>Lets S- and U-mode reach all memory.</summary>
    private const string OpenMemory = "li t0, -1; srli t0, t0, 10; csrw pmpaddr0, t0; li t0, 0x1f; csrw pmpcfg0, t0; ";

    private static HartBench Bench(string program, string handler = NoteAndEnd)
    {
        var bench = new HartBench(program);
        bench.WriteCode(Handler, handler);
        bench[RiscVSlot.Mtvec] = Handler;
        return bench;
    }

    [Theory]
    [InlineData("minstret")]
    [InlineData("mcycle")]
    [InlineData("instret")]
    [InlineData("cycle")]
    public void Fixed_counter_counts_every_instruction_between_two_reads(string counter)
    {
        using HartBench bench = Bench($"csrr a0, {counter}; li t0, 1000; loop: addi t0, t0, -1; add t1, t1, t0; bnez t0, loop; csrr a1, {counter}; sub a2, a1, a0; li a0, 0; li a1, 0; wfi").Run();
        Assert.Equal(3002UL, bench.X("a2"));
    }

    [Fact]
    public void Programmable_counter_counts_from_its_start_to_its_stop()
    {
        // The instruction that starts does not count, the one that stops does.
        using HartBench bench = Bench("""
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, 2; csrw mhpmevent4, t0
            li t0, 1; csrw mhpmevent10, t0
            li t0, 7; csrw mhpmcounter4, t0
            li t0, 0x10; csrc mcountinhibit, t0
            li t1, 50; loop: addi t1, t1, -1; bnez t1, loop
            csrs mcountinhibit, t0
            csrr a0, mhpmcounter4
            csrr a1, hpmcounter4
            csrr a2, mhpmcounter10
            wfi
            """).Run();
        Assert.Equal((7 + 1 + 100 + 1UL, 109UL, 0UL), (bench.X("a0"), bench.X("a1"), bench.X("a2")));
    }

    [Theory]
    [InlineData(0UL, 52)]
    [InlineData(7UL, 0)]
    [InlineData(6UL, 40)]
    [InlineData(3UL, 12)]
    public void Counter_leaves_out_modes(ulong inhibits, ulong expected)
    {
        // From its start in M-mode: 10 instructions and mret; in U-mode 40; in M-mode the one that stops it.
        using HartBench bench = Bench($"""
            {OpenMemory}
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t1, {(long)(inhibits << 60 | 2)}; csrw mhpmevent3, t1
            csrw mhpmcounter3, zero
            la t2, user; csrw mepc, t2
            li t2, 0x1800; csrc mstatus, t2
            li t0, 8; csrc mcountinhibit, t0
            nop; nop; nop; nop; nop; nop; nop; nop; nop; nop
            mret
            user: li t3, 13; loop: addi t3, t3, -1; addi t4, t4, 3; bnez t3, loop; ecall
            """, "csrs mcountinhibit, t0; csrr a0, mhpmcounter3; wfi").Run();

        Assert.Equal(expected, bench.X("a0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(57)]
    [InlineData(1000)]
    [InlineData(5003)]
    public void Overflow_interrupts_behind_the_instruction_that_overflows(int instructions)
    {
        using HartBench bench = Bench($"""
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, 2; csrw mhpmevent3, t0
            li t0, {-instructions}; csrw mhpmcounter3, t0
            li t0, 0x2000; csrw mie, t0
            csrsi mstatus, 8
            li t0, 8
            csrc mcountinhibit, t0
            loop: addi s0, s0, 1
            addi s1, s1, 1
            bnez s0, loop
            """).Run();
        ulong loop = bench.Program.AddressOf("loop");
        Assert.Equal(1UL, bench.X("s9"));
        Assert.Equal(loop + (ulong)(instructions % 3 * 4), bench.X("s11"));
        Assert.Equal(((ulong)instructions + 2) / 3, bench.X("s0"));
        Assert.Equal(OverflowBit, bench[RiscVSlot.Mip]);
        Assert.Equal(1UL << 63 | 2, bench[RiscVSlot.Mhpmevent]);
    }

    [Fact]
    public void Overflow_is_reported_once_until_its_bit_is_cleared()
    {
        // The handler winds the counter up for twenty more instructions, leaving OF alone the first two times.
        using HartBench bench = Bench("""
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, 2; csrw mhpmevent5, t0
            li t0, -20; csrw mhpmcounter5, t0
            li t0, 0x2000; csrw mie, t0
            csrsi mstatus, 8
            csrwi mcountinhibit, 0
            li t0, 1000; loop: addi t0, t0, -1; bnez t0, loop
            csrr a0, scountovf
            li t0, 1; slli t0, t0, 63; csrc mhpmevent5, t0
            csrr a1, scountovf
            li t0, -20; csrw mhpmcounter5, t0
            li t0, 1000; again: addi t0, t0, -1; bnez t0, again
            li t6, -1; csrw mcountinhibit, t6; stay: wfi; j stay
            """, "addi s9, s9, 1; li t6, 0x2000; csrc mip, t6; li t6, -20; csrw mhpmcounter5, t6; mret").Run();
        Assert.Equal((2UL, 0x20UL, 0UL), (bench.X("s9"), bench.X("a0"), bench.X("a1")));
    }

    [Fact]
    public void Overflow_of_a_mode_that_a_trap_enters_is_exact()
    {
        // Counts in S-mode alone: some instructions before the first system call, the rest in its handler, behind the trap.
        using HartBench bench = Bench($"""
            {OpenMemory}
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, {1L << 62 | 1L << 60 | 2}; csrw mhpmevent3, t0
            li t0, -10; csrw mhpmcounter3, t0
            li t0, 0x2000; csrw mie, t0
            li t0, 0x100; csrw medeleg, t0
            la t0, kernel; csrw stvec, t0
            la t0, user; csrw mepc, t0
            li t0, 0x1800; csrc mstatus, t0
            csrwi mcountinhibit, 0
            mret
            user: li t1, 100; loop: addi t1, t1, -1; bnez t1, loop; ecall
            nop
            kernel: nop; nop; nop; nop; nop; nop; nop; nop; nop; nop
            here: nop; nop; nop; nop; j here
            """).Run();
        Assert.Equal((bench.Program.AddressOf("here"), 1UL), (bench.X("s11"), bench.X("s10") >> 11 & 3));
    }

    [Fact]
    public void Overflow_interrupt_is_the_supervisors_if_it_is_delegated()
    {
        using HartBench bench = Bench($"""
            {OpenMemory}
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, 2; csrw mhpmevent3, t0; csrw mhpmevent6, t0
            li t0, -3; csrw mhpmcounter3, t0; csrw mhpmcounter6, t0
            li t0, 0x2000; csrw mideleg, t0; csrw sie, t0
            li t0, 0x40; csrw mcounteren, t0
            la t0, handler; csrw stvec, t0
            la t0, kernel; csrw mepc, t0
            li t0, 0x1800; csrc mstatus, t0; li t0, 0x800; csrs mstatus, t0
            csrwi mcountinhibit, 0
            mret
            kernel: nop; nop; nop; nop; nop; nop; nop
            csrr a0, sip
            csrsi sstatus, 2
            here: j here
            nop
            handler: csrr a1, scause; csrr a2, scountovf; li t0, 0x2000; csrc sip, t0; csrr a3, sip; csrw sie, zero; ecall
            """).Run();
        Assert.Equal((OverflowBit, 1UL << 63 | 13, 0x40UL, 0UL), (bench.X("a0"), bench.X("a1"), bench.X("a2"), bench.X("a3")));
    }

    [Fact]
    public void Other_interrupts_come_before_that_of_counters()
    {
        using HartBench bench = Bench("li t0, 0x2222; csrw mip, t0; csrw mie, t0; csrsi mstatus, 8; here: j here", "csrr a0, mcause; li t0, 1; sll t0, t0, a0; csrc mip, t0; slli a1, a1, 4; or a1, a1, a0; andi a1, a1, -1; csrr t1, mip; bnez t1, more; stay: wfi; j stay; more: mret").Run();
        Assert.Equal(0x915dUL, bench.X("a1") & 0xffff);
    }

    [Theory]
    [InlineData(0x10019UL, 4UL)]
    [InlineData(0x1001bUL, 3UL)]
    [InlineData(0x10021UL, 1UL)]
    public void Tlb_misses_are_walks_of_page_tables(ulong selector, ulong expected)
    {
        // Gigabytes one to one. Loads of four pages, stores to three of them, all twice; the code is in one page.
        using HartBench bench = Bench($"""
            {OpenMemory}
            li t0, 0x7fd; csrw mcountinhibit, t0
            li t0, {selector}; csrw mhpmevent3, t0
            li t1, 0x80100000; li t2, 0x200000cf; sd t2, 16(t1)
            srli t1, t1, 12; li t2, 8; slli t2, t2, 60; or t1, t1, t2; csrw satp, t1
            la t0, kernel; csrw mepc, t0
            li t0, 0x1800; csrc mstatus, t0; li t0, 0x800; csrs mstatus, t0
            csrwi mcountinhibit, 0
            mret
            kernel: li s0, 2; li a1, 0x80200000; li a2, 0x1000
            loop: mv a3, a1; ld t0, (a3); sd t0, (a3); add a3, a3, a2; ld t0, (a3); sd t0, (a3); add a3, a3, a2; ld t0, (a3); sd t0, (a3); add a3, a3, a2; ld t0, (a3)
            addi s0, s0, -1; bnez s0, loop
            ecall
            """, "csrr a0, mhpmcounter3; stay: wfi; j stay");
        Assert.Equal(StopReason.Halted, bench.Hart.Run(100_000));
        Assert.Equal(expected, bench.X("a0"));
    }

    [Fact]
    public void Counters_that_nobody_has_looked_at_cost_nothing()
    {
        using HartBench bench = Bench("wfi");
        bench[RiscVSlot.Mcountinhibit] = 0;
        Assert.Equal(0UL, bench[RiscVSlot.CountersUsed]);
        bench.Run();
        Assert.Equal(0UL, bench[RiscVSlot.CountersUsed]);
    }

    [Fact]
    public void Running_counters_survive_a_snapshot_in_a_hart_with_another_past()
    {
        using HartBench bench = Bench("""
            li t0, 2; csrw mhpmevent3, t0
            li t0, -1000; csrw mhpmcounter3, t0
            li t0, 5000; csrw minstret, t0
            li t0, 0x2000; csrw mie, t0; csrsi mstatus, 8
            loop: addi s0, s0, 1; addi s1, s1, 1; j loop
            """);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(500));
        using HartBench other = Bench("spin: j spin");
        other.Hart.Run(12345);
        SnapshotContract.Load(other.Hart, SnapshotContract.Save(bench.Hart));
        Assert.True(other.Memory.TryWrite(HartBench.Base, bench.Program.Build()));
        foreach (HartBench each in (HartBench[])[bench, other]) Assert.Equal(StopReason.Halted, each.Hart.Run(100_000));
        Assert.Equal(bench.X("s11"), other.X("s11"));
        Assert.Equal(bench.X("s0"), other.X("s0"));
        Assert.Equal(bench.X("s9"), other.X("s9"));
    }
}
