using Doppel.Core.Bus;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.Engines.Translator;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.RiscV.Hart;

namespace Doppel.Tests.Unit.Engines.Translator;

/// <summary>What the translator does is what the interpreter does.</summary>
public sealed class TranslatorTests
{
    private const string Data = "lui s0, 0x80100; slli s0, s0, 32; srli s0, s0, 32; ";

    public TranslatorTests() => Assert.SkipUnless(CodeTranslator.IsSupported, "This host cannot run generated code.");

    [Theory]
    [InlineData("li a0, 5; li a1, 7; add a2, a0, a1; sub a3, a0, a1; mul a4, a2, a3; wfi")]
    [InlineData("li a0, 1000; li a1, 0; top: add a1, a1, a0; addi a0, a0, -1; bnez a0, top; wfi")]
    [InlineData("li t0, 100; li s2, 0; top: addi s2, s2, 3; xor t1, s2, t0; addi t0, t0, -1; bgtz t0, top; wfi")]
    [InlineData(Data + "li a0, -2; sd a0, 8(s0); lw a1, 8(s0); lwu a2, 12(s0); lb a3, 8(s0); lhu a4, 10(s0); ld t3, 8(s0); wfi")]
    [InlineData(Data + "li a0, 0x1234; sd a0, 3(s0); ld a1, 3(s0); addi s0, s0, 2044; sd a0, 2047(s0); ld a2, 2047(s0); wfi")]
    [InlineData("li a0, 20; jal ra, fib; wfi; fib: li t0, 2; blt a0, t0, done; addi sp, sp, -32; done: ret")]
    [InlineData("auipc a0, 0; auipc t0, 1; jal t1, next; next: wfi")]
    [InlineData("la t0, handler; csrw mtvec, t0; csrw cycle, a0; handler: csrr a1, mtval; csrr a2, mepc; csrw mscratch, a2; csrrw a3, mscratch, a1; wfi")]
    [InlineData(Data + "li a0, 5; amoadd.d a1, a0, (s0); amoadd.w a2, a0, (s0); lr.d a3, (s0); sc.d a4, a0, (s0); sc.d a5, a0, (s0); ld a6, 0(s0); wfi")]
    [InlineData("li t0, 0x6000; csrs mstatus, t0; li a0, 1; fcvt.d.w fa0, a0; li a1, 3; fcvt.d.w fa1, a1; li s1, 3; " +
        "top: fdiv.d fa2, fa0, fa1; frflags a2; fsflags zero; frflags a3; fdiv.d fa3, fa0, fa4; frflags a4; csrsi fflags, 21; frcsr a5; csrci fflags, 4; csrrw a6, fflags, s1; " +
        "fsqrt.d fa5, fa6; fneg.d fa6, fa0; flt.d t1, fa5, fa0; frflags a7; slli s2, s2, 5; or s2, s2, a7; frrm t2; addi s1, s1, -1; bnez s1, top; fdiv.d fa2, fa0, fa1; wfi")]
    public void Program_ends_as_under_the_interpreter(string program)
    {
        using TranslatorBench bench = new(program);
        bench.Run();
        Assert.NotEqual(0, bench.Translator.Counters.Regions);
    }

    [Theory]
    [InlineData(Data + "li a0, -1; sd a0, 56(s0); sd a0, 64(s0); cbo.zero (s0); addi s1, s0, 64; ld a1, 56(s0); ld a2, 0(s1); cbo.zero (s1); ld a3, 0(s1); addi s1, s1, 7; sd a0, 1(s1); cbo.zero (s1); ld a4, 1(s1); wfi")]
    [InlineData("li a0, 3; j top; .align 4096; .zero 4092; top: addi a0, a0, -1; c.nop; addi a1, a1, 77; bnez a0, top; addi a2, a1, 1; wfi")]
    [InlineData("li a0, 3; j top; .align 4096; .zero 4094; top: bnez a0, next; wfi; next: addi a0, a0, -1; j top")]
    public void Program_with_blocks_and_page_crossings_ends_as_under_the_interpreter(string program)
    {
        using TranslatorBench bench = new(program);
        bench.Run();
    }

    [Fact]
    public void Second_half_of_a_crossing_instruction_may_change()
    {
        // The halfword behind the page becomes that of addi a1, a1, 1.
        const string Program = "li a0, 4; la t0, next; li t1, 0x0015; j top; .align 4096; .zero 4090; top: addi a0, a0, -1; cross: addi a1, a1, 77; next: beqz a0, end; li t2, 2; bne a0, t2, skip; sh t1, -2(t0); fence.i; skip: j top; end: wfi";
        using TranslatorBench bench = new(Program);
        bench.Run();
        Assert.Equal((77UL * 2) + 2, bench.Translated.X("a1"));
    }

    [Fact]
    public void Exceptions_are_precise()
    {
        // The handler counts in s1 and goes on behind the instruction; every load is at an address without memory.
        const string Program = "la t0, handler; csrw mtvec, t0; li a0, 16; li a1, 64; top: addi a2, a0, 1; ld a3, 0(a1); addi a2, a2, 1; sd a2, 0(a1); addi a0, a0, -1; bnez a0, top; wfi; "
            + "handler: csrr t1, mepc; addi t1, t1, 2; lhu t2, -2(t1); andi t2, t2, 3; addi t2, t2, -3; bnez t2, short; addi t1, t1, 2; short: csrw mepc, t1; add s1, s1, t1; addi s2, s2, 1; mret";
        using TranslatorBench bench = new(Program);
        bench.Run();
        Assert.Equal(32UL, bench.Translated.X("s2"));
    }

    [Fact]
    public void Code_where_branches_meet_is_translated_once()
    {
        // What is behind the call ends where the branch before it has led to.
        const string Program = "li a1, 1; beqz a1, meet; jal ra, f; addi a2, a2, 1; meet: addi a3, a2, 1; xor a4, a3, a2; beqz a4, end; addi a5, a4, 1; end: wfi; f: ret";
        using TranslatorBench bench = new(Program);
        bench.Run();
        Assert.Equal(3, bench.Translator.Counters.Regions);
        Assert.Equal(8 + 1 + 1, bench.Translator.Counters.Instructions);
    }

    [Fact]
    public void Loop_through_the_middle_of_a_region_can_be_left()
    {
        // Too long for one region; the branch makes its beginning a place where others may come.
        string program = "beqz zero, top; nop; top: addi a0, a0, 1; " + string.Concat(Enumerable.Repeat("xor a1, a1, a0; ", 300)) + "j top";
        using TranslatorBench bench = new(program);
        using var timer = new Timer(_ => bench.Translated.Hart.Kick(), null, 50, Timeout.Infinite);
        Assert.Equal(StopReason.Kicked, bench.Translated.Hart.Run(long.MaxValue));
        Assert.InRange(bench.Translator.Counters.Instructions, 300, 320);
    }

    [Theory]
    [InlineData("beqz a0, again; nop; again: jal ra, again")]
    [InlineData("beqz a0, again; nop; again: addi a1, a1, 1; jal ra, again")]
    public void Loop_by_a_call_backwards_within_a_region_can_be_left(string program)
    {
        using TranslatorBench bench = new(program);
        using var timer = new Timer(_ => bench.Translated.Hart.Kick(), null, 50, Timeout.Infinite);
        Assert.Equal(StopReason.Kicked, bench.Translated.Hart.Run(long.MaxValue));
    }

    [Fact]
    public void Accesses_that_go_to_and_fro_between_pages_do_not_remember_them()
    {
        const string Program = "li t0, -1; csrw pmpaddr0, t0; li t0, 31; csrw pmpcfg0, t0; la t0, done; csrw mtvec, t0; la t0, user; csrw mepc, t0; csrw mstatus, zero; mret; done: wfi; "
            + "user: " + Data + "lui t2, 1; lui a0, 49; top: xor s0, s0, t2; ld a1, 8(s0); add a2, a2, a1; sd a2, 16(s0); addi a0, a0, -1; bnez a0, top; ecall";
        using TranslatorBench bench = new(Program, new TranslatorOptions { RefillNanoseconds = int.MaxValue });
        bench.Run();
        Assert.Equal(1, bench.Translator.Counters.WithoutSites);

        // If nobody minds.
        using TranslatorBench other = new(Program, new TranslatorOptions { RefillNanoseconds = 0 });
        other.Run();
        Assert.Equal(0, other.Translator.Counters.WithoutSites);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void Loads_that_go_to_and_fro_remember_both_pages_if_these_follow_each_other(int pagesApart, int translatedAnew)
    {
        string program = "li t0, -1; csrw pmpaddr0, t0; li t0, 31; csrw pmpcfg0, t0; la t0, done; csrw mtvec, t0; la t0, user; csrw mepc, t0; csrw mstatus, zero; mret; done: wfi; "
            + "user: " + Data + $"lui t2, {pagesApart}; lui a0, 49; top: xor s0, s0, t2; ld a1, 8(s0); add a2, a2, a1; addi a0, a0, -1; bnez a0, top; ecall";
        using TranslatorBench bench = new(program, new TranslatorOptions { RefillNanoseconds = int.MaxValue });
        bench.Run();
        Assert.Equal(translatedAnew, bench.Translator.Counters.WithoutSites);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(31, false)]
    public void Accesses_thatGoToAndFro_notTooOften_rememberPagesIfTheyFindThemOften(int period, bool doWithout)
    {
        // The loop goes to the other page whenever the counter and the period have no bit in common. As the clock has it, some 50 ns pass from one to the next: it could be either.
        string program = "li t0, -1; csrw pmpaddr0, t0; li t0, 31; csrw pmpcfg0, t0; la t0, done; csrw mtvec, t0; la t0, user; csrw mepc, t0; csrw mstatus, zero; mret; done: wfi; "
            + "user: " + Data + $"lui t2, 1; lui a0, 640; li t3, {period}; top: and t4, a0, t3; seqz t4, t4; slli t4, t4, 12; xor s0, s0, t4; ld a1, 8(s0); add a2, a2, a1; addi a0, a0, -1; bnez a0, top; ecall";
        using TranslatorBench bench = new(program, new TranslatorOptions { RefillNanoseconds = 25, Time = new SteadyTime(TimeSpan.FromMilliseconds(3.3)) });
        Assert.Equal(StopReason.Halted, bench.Translated.Hart.Run(long.MaxValue));

        // The loop is in more than one region: it has been left and entered again.
        Assert.Equal(doWithout, bench.Translator.Counters.WithoutSites > 0);
    }

    [Fact]
    public void Accesses_thatGoToAndFro_rememberNoPage_onAllProcessors()
    {
        // As often as memory says, a loop is called through the jump cache and goes to and fro; then it waits until memory says how often again.
        const ulong Count = HartBench.Base + 0x10_0000, IsDone = Count + 32;
        const string Program = "li t0, -1; csrw pmpaddr0, t0; li t0, 31; csrw pmpcfg0, t0; la t0, done; csrw mtvec, t0; la t6, user; la s5, loop; csrw mepc, t6; csrw mstatus, zero; mret; "
            + "done: li t5, 1; sd t5, 32(s0); wait: ld t5, 0(s0); beqz t5, wait; sd zero, 32(s0); csrw mepc, t6; mret; "
            + ".align 64; user: " + Data + "lui t2, 1; ld s4, 0(s0); sd zero, 0(s0); outer: lui a0, 1; jalr s5; addi s4, s4, -1; bnez s4, outer; ecall; "
            + ".align 64; loop: xor s0, s0, t2; ld a1, 8(s0); add a2, a2, a1; sd a2, 16(s0); addi a0, a0, -1; bnez a0, loop; ret";
        using HartBench bench = new(Program);
        using var other = new RiscVHart(1, bench.Hart.Config, bench.Memory, new SystemBus(NoTrace.Instance), bench.Clock, NoTrace.Instance);
        other.WriteRegister(RiscVSlot.Pc, HartBench.Base);
        using var translator = new CodeTranslator(
            new RiscVFrontEnd(bench.Hart.Config.Extensions), bench.Memory.Regions[0], 2, RiscVSlot.Count, RiscVSlot.ReservationAddress, new TranslatorOptions { RefillNanoseconds = int.MaxValue });
        RiscVHart[] harts = [bench.Hart, other];
        foreach (RiscVHart hart in harts) hart.Engine = translator.Attach(hart.Processor);
        Assert.All(harts, hart => Run(hart, 1));
        Assert.Equal(0, translator.Counters.WithoutSites);

        // Whenever there were 65,536 code is left and entered again, which would be 128 times; and when somebody looks whether all has been done.
        Assert.All(harts, hart => Assert.InRange(Run(hart, 2048), 1, 64));
        Assert.Equal(1, translator.Counters.WithoutSites);

        long Run(RiscVHart hart, ulong count)
        {
            long before = Entries();
            bench.Write64(IsDone, 0);
            bench.Write64(Count, count);
            while (bench.Read64(IsDone) == 0)
            {
                using var timer = new Timer(_ => hart.Kick(), null, 50, Timeout.Infinite);
                Assert.Equal(StopReason.Kicked, hart.Run(long.MaxValue));
            }

            return Entries() - before;
        }

        long Entries() => translator.Statistics.First(s => s.Name == "translator.entries").Value;
    }

    /// <summary>Between two looks the same time passes.</summary>
    private sealed class SteadyTime(TimeSpan step) : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += step.Ticks;
    }

    [Fact]
    public void Code_that_a_fence_follows_is_seen()
    {
        // Calls f, which returns 1; overwrites it to return 2; calls it again, before and after fence.i.
        const string Program = "jal ra, f; mv s2, a0; la t0, f; la t1, g; lw t2, 0(t1); sw t2, 0(t0); fence.i; jal ra, f; mv s3, a0; wfi; .align 8; f: addi a0, zero, 1; ret; .align 8; g: addi a0, zero, 2; ret";
        using TranslatorBench bench = new(Program);
        bench.Run();
        Assert.Equal(1UL, bench.Translated.X("s2"));
        Assert.Equal(2UL, bench.Translated.X("s3"));
        Assert.True(bench.Translator.Counters.Invalidations > 0);
    }

    [Fact]
    public void Code_that_another_hart_has_seen_to_is_seen()
    {
        // Both harts call f; then it changes, and first one hart fences and calls, then the other.
        const string Program = "fence.i; la t0, f; jalr t0; spin: j spin; .align 4096; f: addi a0, zero, 1; ret";
        using HartBench bench = new(Program);
        using var other = new RiscVHart(1, bench.Hart.Config, bench.Memory, new SystemBus(NoTrace.Instance), bench.Clock, NoTrace.Instance);
        using var translator = new CodeTranslator(new RiscVFrontEnd(bench.Hart.Config.Extensions), bench.Memory.Regions[0], 2, RiscVSlot.Count, RiscVSlot.ReservationAddress);
        RiscVHart[] harts = [bench.Hart, other];
        foreach (RiscVHart hart in harts) hart.Engine = translator.Attach(hart.Processor);
        Assert.All(harts, hart => Assert.Equal(1UL, Call(hart)));
        bench.WriteCode(HartBench.Base + 4096, "addi a0, zero, 2");
        Assert.All(harts, hart => Assert.Equal(2UL, Call(hart)));

        ulong Call(RiscVHart hart)
        {
            // The program counter alone: whatever else is written makes the hart forget what it knows of code.
            hart.WriteRegister(RiscVSlot.Pc, HartBench.Base);
            do
            {
                using var timer = new Timer(_ => hart.Kick(), null, 20, Timeout.Infinite);
                Assert.Equal(StopReason.Kicked, hart.Run(long.MaxValue));
            }
            while (!Spins(hart.ReadRegister(RiscVSlot.Pc)));
            return hart.ReadRegister(10);
        }

        // On a busy host it may be kicked before it has got there.
        bool Spins(ulong pc) => bench.Memory.TryReadUInt64(pc, out ulong code) && ((uint)code == 0x0000_006f || (ushort)code == 0xa001);
    }

    [Fact]
    public void Full_cache_gives_up_its_oldest_part()
    {
        // More code than the memory holds, twice over.
        var program = new System.Text.StringBuilder("li s1, 3; again: ");
        for (int i = 0; i < 9000; i++) program.Append("addi a0, a0, 1; xor a1, a1, a0; beqz zero, l").Append(i).Append("; l").Append(i).Append(": ");
        program.Append("addi s1, s1, -1; beqz s1, end; la t0, again; jr t0; end: wfi");
        using TranslatorBench bench = new(program.ToString(), new TranslatorOptions { CodeBytes = 80_000 });
        bench.Run();
        Assert.InRange(bench.Translator.Counters.Evictions, 8, 60);
        Assert.True(bench.Translator.Counters.EvictedRegions > bench.Translator.Counters.Evictions);
    }

    [Theory]
    [InlineData(0, false, true)]
    [InlineData(1000, true, true)]
    [InlineData(1_000_000, true, false)]
    public void Code_is_translated_when_more_is_executed_than_a_cold_guest_does(int cold, bool interprets, bool translates)
    {
        using TranslatorBench bench = new("li a0, 10000; top: addi a1, a1, 3; addi a0, a0, -1; bnez a0, top; wfi", new TranslatorOptions { ColdInstructions = cold });
        bench.Run();
        Assert.Equal(translates, bench.Translator.Counters.Regions > 0);
        Assert.Equal(interprets, bench.Translator.Statistics.Single(s => s.Name == "translator.interpreted").Value > 0);
    }

    [Fact]
    public void Cold_code_is_as_it_is_in_memory()
    {
        // Without a fence: the specification allows both, but a page of cold code has no copy.
        const string Program = "jal ra, f; la t0, f; la t1, g; lw t2, 0(t1); sw t2, 0(t0); fence.i; jal ra, f; mv s3, a0; wfi; .align 8; f: addi a0, zero, 1; ret; .align 8; g: addi a0, zero, 2; ret";
        using TranslatorBench bench = new(Program, new TranslatorOptions { ColdInstructions = 1000 });
        bench.Run();
        Assert.Equal(2UL, bench.Translated.X("s3"));
        Assert.Equal(0, bench.Translator.Counters.Regions);
    }

    [Fact]
    public void Attention_ends_a_loop()
    {
        using TranslatorBench bench = new("spin: j spin");
        using var timer = new Timer(_ => bench.Translated.Hart.Kick(), null, 20, Timeout.Infinite);
        Assert.Equal(Doppel.Core.Vcpu.StopReason.Kicked, bench.Translated.Hart.Run(long.MaxValue));
        Assert.Equal(HartBench.Base, bench.Translated.Pc);
    }
}
