// Privileged Architecture 1.13, sections 3.1.6, 3.3.2, 12.1.1.
namespace Doppel.Tests.Conformance.Engines;

/// <summary>The way between the privilege modes, with page tables and without.</summary>
public sealed class TrapTests
{
    [Fact]
    public void User_supervisor_and_machine_call_each_other()
    {
        // U calls S, which calls M, 500 times; each keeps a count and changes what the others see on the way back.
        EngineState state = UserProgram.Check(
            """
            loop:
                addi a0, a0, 1
                ecall
                xor a1, a1, a0
                addi s0, s0, -1
                bnez s0, loop
                li a7, 1
                ecall
            """,
            """
                csrrw t6, sscratch, t6
                addi a2, a2, 1
                csrr t0, scause
                add s1, s1, t0
                bnez a7, finish
                ecall
                slli a0, a0, 1
                srli a0, a0, 1
                csrr t0, sepc
                addi t0, t0, 4
                csrw sepc, t0
                csrrw t6, sscratch, t6
                sret
            finish:
                li a7, 2
                ecall
            """,
            """
                addi a3, a3, 1
                csrr t1, mcause
                add s1, s1, t1
                li t1, 2
                beq a7, t1, end
                csrr t1, mepc
                addi t1, t1, 4
                csrw mepc, t1
                mret
            end:
                wfi
            """,
            500);
        Assert.Equal(501UL, state.X("a2"));
        Assert.Equal(501UL, state.X("a3"));
    }

    [Fact]
    public void Supervisor_changes_the_space_of_the_user_at_each_call()
    {
        // The user's code, stack and data move to another frame: the handler copies the page and maps the copy.
        EngineState state = UserProgram.Check(
            """
            loop:
                auipc a4, 0
                ld t0, 0x400(a4)
                addi t0, t0, 1
                sd t0, 0x400(a4)
                ecall
                ld t1, 0x400(a4)
                add a1, a1, t1
                addi s0, s0, -1
                bnez s0, loop
                li a7, 1
                ecall
            """,
            """
                li t0, 2
                bnez a7, finish
                csrs sstatus, s10       # SUM
                li t0, 0x50000000
                li t1, 0x40002000       # the other frame, always at this address
                li t2, 512
            copy:
                ld t3, 0(t0)
                sd t3, 0(t1)
                addi t0, t0, 8
                addi t1, t1, 8
                addi t2, t2, -1
                bnez t2, copy
                csrc sstatus, s10
                ld t0, 0(s8)            # swap the frames of both entries
                ld t1, 0(s9)
                srli t0, t0, 10
                slli t2, t0, 10
                srli t1, t1, 10
                slli t3, t1, 10
                ori t3, t3, 0xdf        # U
                ori t2, t2, 0xcf
                sd t3, 0(s8)
                sd t2, 0(s9)
                li t0, 0x50000000
                sfence.vma t0
                li t0, 0x40002000
                sfence.vma t0
                fence.i
                csrr t0, sepc
                addi t0, t0, 4
                csrw sepc, t0
                sret
            finish:
                ecall
            """,
            "wfi", 100);
        Assert.Equal(100UL * 101 / 2, state.X("a1"));
    }

    [Fact]
    public void Modes_see_their_own_rights_at_one_address()
    {
        // The kernel's page is the user's fault, and the other way round; the handler in S-mode skips.
        EngineState state = UserProgram.Check(
            """
            loop:
                li t0, 0x40000000
                ld t1, 0(t0)            # page fault
                sd t1, 0(t0)            # page fault
                csrr t1, sstatus        # illegal
                csrr t1, mstatus
                sret
                wfi
                sfence.vma
                ld t1, 0(a5)            # allowed
                add a1, a1, t1
                addi s0, s0, -1
                bnez s0, loop
                li a7, 1
                ecall
            """,
            """
                csrr t2, scause
                add s1, s1, t2
                addi a2, a2, 1
                li t3, 0x50000000
                bnez s11, twice
                li s11, 1
                csrr s7, sepc
                ld t3, 0x7f8(t3)        # the user's page without SUM: a fault of the fault handler
            twice:
                csrr t3, sepc
                li t2, 0x50000000
                bge t3, t2, user
                li s11, 0
                addi s7, s7, 4
                csrw sepc, s7
                li t2, 0x120
                csrc sstatus, t2        # SPP: back to the user
                bnez a7, finish
                sret
            user:
                addi t3, t3, 4
                csrw sepc, t3
                sret
            finish:
                ecall                   # machine mode
            """,
            "csrr t1, mcause; add s1, s1, t1; wfi", 60);
        Assert.True(state.X("a2") > 60);
    }

    [Fact]
    public void Status_bits_trap_what_they_should() => NoDiff.Check(
        """
            la t0, handler
            csrw mtvec, t0
            li s0, 64
        round:
            slli t0, s0, 20             # TVM, TW, TSR
            li t1, 0x700000
            csrc mstatus, t1
            and t0, t0, t1
            csrs mstatus, t0
            la t0, supervisor
            csrw mepc, t0
            csrw sepc, t0
            li t1, 0x1800
            csrc mstatus, t1
            li t1, 0x800
            csrs mstatus, t1
            mret
        supervisor:
            csrr a0, satp
            sfence.vma
            csrr t2, sscratch
            sinval.vma zero, zero
            sfence.w.inval
            csrw satp, zero
            mret
            csrr a1, sstatus
            ecall
        handler:
            csrr t0, mcause
            slli s1, s1, 1
            add s1, s1, t0
            csrr t1, mtval
            xor s2, s2, t1
            li t2, 9
            beq t0, t2, next
            csrr t1, mepc
            addi t1, t1, 4
            csrw mepc, t1
            mret
        next:
            addi s0, s0, -1
            bnez s0, round
            wfi
        """);

    [Fact]
    public void Vectored_traps_arrive_at_their_vectors() => NoDiff.Check(
        """
            la t0, vectors
            addi t0, t0, 1
            csrw mtvec, t0
            li s0, 40
            li t0, 0x22
            csrw mie, t0
        round:
            csrsi mstatus, 8            # MIE
            andi t1, s0, 1
            beqz t1, other
            csrsi mip, 2
            addi a0, a0, 1
            j both
        other:
            li t1, 0x20
            csrs mip, t1
            addi a0, a0, 2
        both:
            ebreak
            addi s0, s0, -1
            bnez s0, round
            wfi
        handle:
            csrr t0, mcause
            csrr t1, mepc
            add s2, s2, t1
            bltz t0, interrupt
            addi t1, t1, 4
            csrw mepc, t1
            mret
        interrupt:
            li t1, 0x22
            csrc mip, t1
            mret
            .align 64
        vectors:
            j handle
            j software
            j handle
            j handle
            j handle
            j timer
        software:
            addi a1, a1, 1
            j handle
        timer:
            addi a2, a2, 1
            j handle
        """);
}
