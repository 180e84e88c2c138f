using Doppel.Core.Clock;
using Doppel.Core.Trace;
using Doppel.Engines;
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Guest time that is made of instructions: it is exact, and the same under both engines.</summary>
public sealed class VirtualTimeTests
{
    private const long Day = 86_400_000_000_000;
    private const ulong Log = GuestSystem.Base + 0x10_0000;

    /// <summary>Every 7 µs an interrupt, whose handler notes mcycle and time first of all.</summary>
    private const string Ticking =
        """
            la t0, handler
            csrw mtvec, t0
            li t0, 0x8000000000000000
            csrw menvcfg, t0
            li s0, 0x80100000
            li s1, 40
            li t0, 70
            csrw stimecmp, t0
            li t0, 0x20
            csrw mie, t0
            csrsi mstatus, 8
        loop:
            addi s2, s2, 1
            xor s3, s3, s2
            andi t2, s2, 3
            bnez t2, skip
            addi s4, s4, 1
            addi s4, s4, 1
            addi s4, s4, 1
            addi s4, s4, 1
            addi s4, s4, 1
            addi s4, s4, 1
        skip:
            sd s3, 8(sp)
            bnez s1, loop
            csrw mie, zero
            wfi
            .align 2
        handler:
            csrr t3, mcycle
            csrr t4, time
            csrr t5, mepc
            sd t3, 0(s0)
            sd t4, 8(s0)
            sd t5, 16(s0)
            addi s0, s0, 24
            csrr t4, stimecmp
            addi t4, t4, 70
            csrw stimecmp, t4
            addi s1, s1, -1
            mret
        """;

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Timer_interrupts_come_at_their_instruction(EngineKind engine)
    {
        using var system = Run(engine, Ticking, out _);
        for (ulong tick = 0; tick < 40; tick++)
        {
            // A tick is 100 ns, and so 100 instructions. mcycle counts from the first.
            Assert.Equal((tick + 1) * 7000, system.Read64(Log + 24 * tick));
            Assert.Equal((tick + 1) * 70, system.Read64(Log + 24 * tick + 8));
        }
    }

    [Fact]
    public void Interrupts_come_to_the_same_instructions_under_both_engines()
    {
        using GuestSystem interpreter = Run(EngineKind.Interpreter, Ticking, out TraceHash expected), translator = Run(EngineKind.Translator, Ticking, out TraceHash found);
        Assert.Null(EngineState.Of(interpreter).FirstDifference(EngineState.Of(translator)));
        Assert.Equal(40, expected.Events);
        Assert.Equal(expected.ToString(), found.ToString());
        Assert.True(Enumerable.Range(0, 40).Select(i => interpreter.Read64(Log + 24 * (ulong)i + 16)).Distinct().Count() > 5, "the interrupts should come at many places");
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Waiting_jumps_to_the_deadline(EngineKind engine)
    {
        const string Waiting =
            """
                li t0, 0x8000000000000000
                csrw menvcfg, t0
                li t0, 0x20
                csrw mie, t0
                li t0, 36000000000
                csrw stimecmp, t0
                wfi
                csrr a0, time
                csrr a1, mcycle
                csrw mie, zero
                wfi
            """;
        using var system = Run(engine, Waiting, out _);
        Assert.Equal(36_000_000_000UL, system.X("a0"));
        Assert.InRange(system.X("a1"), 10UL, 30UL);
    }

    [Fact]
    public void Processors_that_share_memory_go_the_same_way_every_time()
    {
        const string Sharing =
            """
                li s0, 0x80100000
                li s1, 3000
                slli s2, a0, 3
                add s2, s2, s0
            again:
                amoadd.d t0, s1, 64(s0)
                lr.d t1, 64(s0)
                add t1, t1, t0
                sc.d t2, t1, 64(s0)
                ld t3, 0(s2)
                add t3, t3, t2
                xor t3, t3, t1
                sd t3, 0(s2)
                csrr t4, time
                add s3, s3, t4
                addi s1, s1, -1
                bnez s1, again
                csrw mie, zero
                wfi
            """;
        // No displacement of atomics.
        string program = Sharing.Replace("64(s0)", "(s0)", StringComparison.Ordinal);
        EngineState? first = null;
        foreach (EngineKind engine in (EngineKind[])[EngineKind.Interpreter, EngineKind.Translator, EngineKind.Translator])
        {
            using var system = Run(engine, program, out _, harts: 3);
            EngineState state = EngineState.Of(system);
            first ??= state;
            Assert.Null(first.FirstDifference(state));
        }
    }

    private static GuestSystem Run(EngineKind engine, string program, out TraceHash hash, int harts = 1)
    {
        var clock = new VirtualClock(0);
        var system = new GuestSystem(engine, harts, counts: true, clock: clock);
        hash = new TraceHash();
        foreach (RiscVHart hart in system.Harts) hart.Hash = hash;
        system.Load(program);
        system.Restart(GuestSystem.Base);
        system[RiscVSlot.X + 2] = GuestSystem.Base + 0x20_0000;
        using var work = new VirtualTimeWork(system.Harts, clock);

        // In the end all wait for nothing, and time jumps to this.
        bool ended = false;
        using IVmAlarm end = clock.CreateAlarm(() => ended = true);
        end.Set(Day);
        for (int turns = 0; !ended; turns++)
        {
            Assert.True(turns < 1_000_000, "the program does not end");
            work.Run();
        }

        return system;
    }
}
