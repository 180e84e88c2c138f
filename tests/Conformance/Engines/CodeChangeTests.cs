// Zifencei 2.0.
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Code that changes: by the program's own stores, by those of another hart, from outside.</summary>
public sealed class CodeChangeTests
{
    [Theory]
    [InlineData(0)] // in the page of its writer
    [InlineData(4096)] // in a page of its own
    [InlineData(3900)] // across two pages
    public void Function_changes_between_calls(int gap)
    {
        // Called several times before each change, so that links lead to it.
        EngineState state = NoDiff.Check(
            $$"""
                li s0, 200
                li s1, 0
                la s2, function
            round:
                call function
                call function
                slli s3, s0, 20
                li t1, 0x513            # addi a0, zero, s0
                or t1, t1, s3
                sh t1, 0(s2)
                srli t1, t1, 16
                sh t1, 2(s2)
                fence.i
                call function
                add s1, s1, a0
                mv t2, s1
                call function
                add s1, t2, a0
                addi s0, s0, -1
                bnez s0, round
                wfi
                .zero {{gap}}
                .align 64
                .half 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
            function:
                addi a0, zero, 7
                ret
            """);
        Assert.Equal(200UL * 201, state.X("s1"));
    }

    [Fact]
    public void Instruction_behind_the_fence_changes() => NoDiff.Check(
        """
            li s0, 100
            li s1, 0
            la s2, patch
        round:
            slli t1, s0, 20
            li t2, 0x513
            or t1, t1, t2
            sw t1, 0(s2)
            fence.i
        patch:
            addi a0, zero, 1
            slli s1, s1, 1
            add s1, s1, a0
            addi s0, s0, -1
            bnez s0, round
            wfi
        """);

    [Fact]
    public void Jump_is_turned_to_another_target() => NoDiff.Check(
        """
            li s0, 60
            li s1, 0
            la s2, jump
            la s3, words
        round:
            andi t0, s0, 3
            slli t0, t0, 2
            add t0, t0, s3
            lwu t1, 0(t0)
            sw t1, 0(s2)
            fence.i
            li s4, 5
        again:
            j jump
        back:
            addi s4, s4, -1
            bnez s4, again
            addi s0, s0, -1
            bnez s0, round
            wfi
            .align 4
        words:
            .word 0x0040006f, 0x00c0006f, 0x0140006f, 0x01c0006f    # jal zero, jump + 4, 12, 20, 28
        jump:
            j back
            addi s1, s1, 1
            j back
            slli s1, s1, 1
            j back
            xori s1, s1, 0x55
            j back
            addi s1, s1, -3
            j back
        """);

    [Fact]
    public void Buffer_is_patched_at_random_places()
    {
        // Three pages of addi a0, a0, n; each round changes one and calls all.
        EngineState state = NoDiff.Check(
            """
                la s2, buffer
                li s3, 3071
                mv t0, s2
                mv t1, s3
                li t2, 0x00150513       # addi a0, a0, 1
            fill:
                sw t2, 0(t0)
                addi t0, t0, 4
                addi t1, t1, -1
                bnez t1, fill
                li t2, 0x00008067       # ret
                sw t2, 0(t0)
                fence.i
                li s0, 300
                li s1, 12345
            round:
                li t0, 1103515245
                mul s1, s1, t0
                li t0, 12345
                add s1, s1, t0
                srli t0, s1, 20
                remu t0, t0, s3
                slli t0, t0, 2
                add t0, t0, s2
                srli t1, s1, 40
                slli t1, t1, 20
                li t2, 0x50513          # addi a0, a0, n
                or t1, t1, t2
                sw t1, 0(t0)
                fence.i
                jalr s2
                slli s4, s4, 1
                xor s4, s4, a0
                addi s0, s0, -1
                bnez s0, round
                wfi
                .align 4096
            buffer:
            """);
        Assert.NotEqual(0UL, state.X("s4"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Without_a_fence_old_or_new_code_runs_and_after_it_the_new(EngineKind engine)
    {
        EngineState state = NoDiff.Run(engine,
            """
                la s2, function
                li s3, 0x00200513       # addi a0, zero, 2
                li s0, 50
            warm:
                call function
                addi s0, s0, -1
                bnez s0, warm
                sw s3, 0(s2)
                call function
                mv s4, a0
                li s0, 50
            stale:
                call function
                addi s0, s0, -1
                bnez s0, stale
                mv s5, a0
                fence.i
                call function
                mv s6, a0
                wfi
                .align 4
            function:
                addi a0, zero, 1
                ret
            """);
        Assert.InRange(state.X("s4"), 1UL, 2UL);
        Assert.InRange(state.X("s5"), 1UL, 2UL);
        Assert.Equal(2UL, state.X("s6"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Change_from_outside_is_seen_after_the_fence_that_is_asked_for(EngineKind engine)
    {
        using var system = new GuestSystem(engine);
        system.Load("round: call function; add s1, s1, a0; wfi; j round; .align 8; function: addi a0, zero, 1; ret");
        system.Run();
        system.Load("addi a0, zero, 20", GuestSystem.Base + 16);
        system.Hart.Post(RemoteFence.Code);
        system[RiscVSlot.Waiting] = 0;
        system.Run();
        Assert.Equal(21UL, system.X("s1"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Code_that_another_hart_writes_is_seen_after_the_own_fence(EngineKind engine)
    {
        // Hart 0 writes the function and raises the turn; hart 1 fences and calls; 2,000 times. Both run it all the time.
        using var system = new GuestSystem(engine, harts: 2);
        system.Load(
            """
                la s2, function
                la s3, turn
                li s4, 0x513            # addi a0, zero, n
                li s5, 1000
                li s0, 1
                bnez a0, reader
            writer:
                pause
                ld t0, 0(s3)
                andi t1, t0, 1
                bnez t1, writer
                fence rw, rw
                slli t2, s0, 20
                or t2, t2, s4
                sw t2, 0(s2)
                fence.i
                call function
                add s1, s1, a0
                fence rw, rw
                addi t0, t0, 1
                sd t0, 0(s3)
                addi s0, s0, 1
                ble s0, s5, writer
                wfi
            reader:
                pause
                ld t0, 0(s3)
                andi t1, t0, 1
                beqz t1, reader
                fence rw, rw
                fence.i
                call function
                add s1, s1, a0
                fence rw, rw
                addi t0, t0, 1
                sd t0, 0(s3)
                addi s0, s0, 1
                ble s0, s5, reader
                wfi
                .align 4096
            function:
                addi a0, zero, 0
                ret
                .align 64
            turn:
                .dword 0
            """);
        system.RunAll();
        Assert.All(system.Harts, h => Assert.Equal(StopReason.Halted, h.Run(1)));
        Assert.All(system.Harts, h => Assert.Equal(1000UL * 1001 / 2, h.ReadRegister(9)));
    }
}
