// Privileged Architecture 1.13, section 3.1.9.
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Interrupts: at the very instruction where the program itself allows them, and at any where others raise them.</summary>
public sealed class InterruptTests
{
    [Fact]
    public void Interrupts_that_a_program_raises_are_taken_at_once()
    {
        // By setting the pending bit, by enabling it, by enabling all, by leaving the handler, by going to S-mode; in straight code and in loops.
        EngineState state = NoDiff.Check(
            """
                la t0, handler
                csrw mtvec, t0
                li s0, 30
                li s2, 2
                li s3, 8
            round:
                csrw mie, s2
                csrs mstatus, s3
                addi a0, a0, 1
                csrs mip, s2                # here
                addi a0, a0, 2
                csrc mstatus, s3
                csrs mip, s2
                addi a0, a0, 3
                csrs mstatus, s3            # here
                addi a0, a0, 4
                csrw mie, zero
                csrs mip, s2
                addi a0, a0, 5
                csrw mie, s2                # here
                addi a0, a0, 6
                csrci mstatus, 8
                csrs mip, s2
                andi t0, s0, 1
                beqz t0, skip
                la t0, there
                csrw mepc, t0
                li t0, 0x1800
                csrc mstatus, t0
                mret                        # here: U-mode
                addi a0, a0, 7
            there:
                addi a0, a0, 8
                ecall
            skip:
                csrc mip, s2
                li t1, 5
            inner:
                csrsi mstatus, 8
                csrsi mip, 2                # in a loop
                addi a1, a1, 1
                addi t1, t1, -1
                bnez t1, inner
                addi s0, s0, -1
                bnez s0, round
                wfi
                .align 4
            handler:
                csrr t0, mepc
                slli t2, s1, 1
                srli s1, s1, 63
                or s1, s1, t2
                xor s1, s1, t0
                addi s4, s4, 1
                csrr t0, mcause
                bltz t0, interrupt
                csrr t0, mepc               # ecall
                addi t0, t0, 4
                csrw mepc, t0
                li t0, 0x1800
                csrs mstatus, t0
                mret
            interrupt:
                csrc mip, s2
                mret
            """);
        Assert.True(state.Traps.Count > 30 * 8);
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Endless_loop_is_interrupted(EngineKind engine)
    {
        // Loops of one instruction, of two jumps, through a register, across pages: the handler leads from each to the next.
        using var system = new GuestSystem(engine);
        system.Load(
            """
                la t0, handler
                csrw mtvec, t0
                li t0, 8
                csrw mie, t0
                la s2, exits
                csrs mstatus, t0
            first:
                j first
            second:
                j third
            third:
                j second
            fourth:
                la t0, fourth_again
            fourth_again:
                jr t0
            fifth:
                addi a0, a0, 1
                bnez a0, fifth
                j fifth
            sixth:
                j far
            seventh:
                lw a1, 0(s2)
                sw a1, -8(s2)
                beq zero, zero, seventh
            last:
                csrw mie, zero
                wfi
                .align 4
            handler:
                li t0, 0x10000000
                sd zero, 0(t0)
                ld t0, 0(s2)
                addi s2, s2, 8
                csrw mepc, t0
                addi s1, s1, 1
                mret
                .align 8
                .dword 0
            exits:
                .dword second, fourth, fifth, sixth, seventh, last
                .align 4096
            far:
                j sixth
            """);
        using (new Interrupter(system, spins: 200_000)) system.Run();
        Assert.Equal(6UL, system.X("s1"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Waiting_ends_with_each_interrupt(EngineKind engine)
    {
        const int Rounds = 200;
        using var system = new GuestSystem(engine);
        system.Load(
            $"""
                li t0, 8
                csrw mie, t0
                li s0, {Rounds}
                li s2, 0x10000000
            round:
                wfi
                csrr t0, mip
                andi t0, t0, 8
                beqz t0, round
                addi s1, s1, 1
                sd zero, 0(s2)
                addi s0, s0, -1
                bnez s0, round
                csrw mie, zero
            end:
                wfi
                j end
            """);
        int halts = 0;
        using (new Interrupter(system))
        {
            do
            {
                StopReason reason = system.Hart.Run(long.MaxValue);
                Assert.Equal(StopReason.Halted, reason);
                if (system.X("s0") != 0) system.Hart.WaitForWork();
            }
            while (system.X("s0") != 0 && ++halts < 100 * Rounds);
        }

        Assert.Equal((ulong)Rounds, system.X("s1"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Kick_stops_any_loop(EngineKind engine)
    {
        foreach (string loop in new[] { "a: j a", "la t0, a; a: jr t0", "a: addi a0, a0, 1; j b; .align 4096; b: j a", "a: li t0, 9; b: addi t0, t0, -1; bnez t0, b; j a", "la t0, a; csrw mtvec, t0; .align 4; a: .word 0", "a: ecall" })
        {
            using var system = new GuestSystem(engine);
            system.Load(loop);
            system[RiscVSlot.Mtvec] = GuestSystem.Base;
            using var kick = new Timer(_ => system.Hart.Kick(), null, 10, 50);
            Assert.Equal(StopReason.Kicked, system.Hart.Run(long.MaxValue));
        }
    }
}
