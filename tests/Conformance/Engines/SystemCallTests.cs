// Privileged Architecture 1.13, sections 3.1.6, 3.1.8, 3.1.9, 12.1 and 12.2.
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// The way that every system call goes, which generated code takes by itself: <c>ecall</c>, sstatus in the kernel, <c>sret</c>. And all that makes it another way: states of floating
/// point, SUM and MXR, delegation, other address spaces, interrupts.
/// </summary>
public sealed class SystemCallTests
{
    /// <summary>A kernel that returns behind the call; ends if a7 is not zero.</summary>
    private const string Return =
        """
            csrr t0, sepc
            addi t0, t0, 4
            csrw sepc, t0
            bnez a7, finish
            sret
        finish:
            ecall
        """;

    private const string User =
        """
        loop:
            addi a0, a0, 1
            ecall
            xor a1, a1, a0
            addi s0, s0, -1
            bnez s0, loop
            li a7, 1
            ecall
        """;

    [Fact]
    public void Floating_point_states_go_round()
    {
        // The kernel gives the user another state each time, and enters with floating point off, as Linux does; what the user finds is summed up.
        EngineState state = UserProgram.Check(
            """
            loop:
                fadd.d fa0, fa0, fa1    # illegal if off
                csrr t1, fcsr
                add a1, a1, t1
                addi t2, s0, 0
                andi t2, t2, 3
                bnez t2, same
                csrrw t2, frm, s0       # reserved modes too
                fcvt.d.l fa1, s0
            same:
                fdiv.d fa2, fa0, fa1
                ecall
                fmv.x.d t1, fa2
                add a1, a1, t1
                addi s0, s0, -1
                bnez s0, loop
                li a7, 1
                ecall
            """,
            $"""
                li t4, 0x46000          # SUM and FS
                csrrc s1, sstatus, t4
                csrr t5, sstatus
                add s2, s2, s1
                xor s3, s3, t5
                csrr t0, scause
                add s4, s4, t0
                li t3, 2
                bne t0, t3, call
                li t3, 0x6000
                or s1, s1, t3           # illegal: dirty
                csrr t0, sepc
                csrw sepc, t0
                csrw sstatus, s1
                fadd.d fa3, fa3, fa0
                sret
            call:
                slli t3, s0, 11         # off, initial, clean, dirty
                li t4, 0x6000
                and t3, t3, t4
                not t4, t4
                and s1, s1, t4
                or s1, s1, t3
                csrrw t6, sstatus, s1
                add s2, s2, t6
                {Return}
            """,
            "wfi", 300);
        Assert.True(state.X("s4") > 8 * 300);
    }

    [Fact]
    public void Access_to_user_pages_is_allowed_from_one_instruction_to_the_next() => UserProgram.Check(
        User,
        $"""
            li t5, 13
            csrr t0, scause
            beq t0, t5, fault
            li t5, 15
            beq t0, t5, fault
            li s11, 0x50000700
            csrr s5, sepc
            ld t1, 0(s11)               # fault
            csrs sstatus, s10
            ld t1, 0(s11)
            addi t1, t1, 1
            sd t1, 0(s11)
            csrc sstatus, s10
            sd t1, 0(s11)               # fault
            mv t2, s10
            csrrs t2, sstatus, t2       # rd is rs1
            add s2, s2, t2
            ld t3, 0(s11)
            csrrc t2, sstatus, s10
            add s2, s2, t2
            li t4, 5
        inner:
            csrs sstatus, s10
            sd t4, 8(s11)
            csrc sstatus, s10
            addi t4, t4, -1
            bnez t4, inner
            ld t3, 8(s11)               # fault
            csrrs t2, sstatus, zero
            add s2, s2, t2
            csrw sstatus, s10
            ld t3, 8(s11)
            csrw sstatus, zero
            ld t3, 8(s11)               # fault
            li t2, 0x20
            csrw sstatus, t2
            csrw sepc, s5
            {Return}
        fault:
            addi s4, s4, 1
            csrr t0, sepc
            lhu t6, 0(t0)
            andi t6, t6, 3
            addi t6, t6, -3
            addi t0, t0, 2
            bnez t6, short
            addi t0, t0, 2
        short:
            csrw sepc, t0
            sret                        # to the kernel
        """,
        "wfi", 50);

    [Fact]
    public void Executable_pages_are_readable_while_the_kernel_says_so() => UserProgram.Check(
        User,
        $"""
            li t5, 13
            csrr t0, scause
            beq t0, t5, fault
            csrr s5, sepc
            li s11, 0x40006000
            li t1, 0x80000              # MXR
            ld t2, 0(s11)               # fault
            csrs sstatus, t1
            ld t2, 0(s11)
            add s2, s2, t2
            csrc sstatus, t1
            ld t2, 8(s11)               # fault
            csrw sepc, s5
            li t2, 0x120
            csrc sstatus, t2
            {Return}
        fault:
            addi s4, s4, 1
            csrr t0, sepc
            lhu t6, 0(t0)
            andi t6, t6, 3
            addi t6, t6, -3
            addi t0, t0, 2
            bnez t6, short
            addi t0, t0, 2
        short:
            csrw sepc, t0
            sret
        """,
        "wfi", 40,
        (_, tables) => tables.Map(0x4000_6000, UserProgram.Frames, PageTables.V | PageTables.X | PageTables.A));

    [Fact]
    public void Delegation_is_changed_between_calls()
    {
        // The handler in M-mode serves a call if it is not delegated, and changes that each time that anybody calls it.
        EngineState state = UserProgram.Check(
            User,
            $"""
                addi s2, s2, 1
                andi t0, s2, 1
                beqz t0, stay
                ecall
            stay:
                {Return}
            """,
            """
                csrr t1, mcause
                add s1, s1, t1
                addi a3, a3, 1
                bnez a7, end
                li t1, 0x100
                csrr t2, medeleg
                xor t2, t2, t1
                csrw medeleg, t2
                csrr t1, mepc
                addi t1, t1, 4
                csrw mepc, t1
                mret
            end:
                wfi
            """,
            200);
        Assert.True(state.X("s2") > 60);
        Assert.True(state.X("a3") > 60);
    }

    [Fact]
    public void Spaces_alternate_between_calls()
    {
        // The same addresses, another user page: numbers in turns equal and different.
        EngineState state = UserProgram.Check(
            """
            loop:
                addi a0, a0, 1
                ld t0, 0x600(a6)
                add a1, a1, t0
                addi t0, t0, 3
                sd t0, 0x600(a6)
                ecall
                addi s0, s0, -1
                bnez s0, loop
                li a7, 1
                ecall
            """,
            $"""
                csrr t0, satp
                xor t0, t0, s5
                csrw satp, t0
                csrs sstatus, s10
                ld t1, 0x600(a6)
                add s2, s2, t1
                csrc sstatus, s10
                andi t1, s0, 7
                bnez t1, stay
                sfence.vma
            stay:
                andi t1, s0, 31
                bnez t1, calm
                fence.i
            calm:
                {Return}
            """,
            "wfi", 300,
            (system, tables) =>
            {
                tables.Map(0x5100_0000, UserProgram.Frames + 0x4000, PageTables.UserAll);
                const ulong OtherRoot = GuestSystem.Base + 0xa0_0000;
                var other = new PageTables(system, OtherRoot);
                other.Map(UserProgram.User, UserProgram.Frames, PageTables.UserAll);
                other.Map(UserProgram.Kernel, UserProgram.Frames + 0x1000, PageTables.SupervisorAll);
                other.Map(0x5100_0000, UserProgram.Frames + 0x5000, PageTables.UserAll);
                system[16] = 0x5100_0000;
                system[21] = tables.Satp() ^ other.Satp(asid: 7);
            });
        Assert.NotEqual(0UL, state.X("s2"));
    }

    [Fact]
    public void Interrupt_that_waits_is_taken_behind_the_return()
    {
        // The kernel makes its own software interrupt wait; it comes at the user's next instruction, or when the kernel lets it in by any of the ways to do so.
        EngineState state = UserProgram.Check(
            User,
            $"""
                csrr t0, scause
                bltz t0, interrupt
                csrr s5, sepc
                csrsi sip, 2
                andi t1, s0, 3
                beqz t1, leave
                addi t1, t1, -1
                beqz t1, set
                addi t1, t1, -1
                beqz t1, write
                csrsi sstatus, 2
                addi s3, s3, 1
                j leave
            set:
                li t2, 0x40002          # SUM, too
                csrs sstatus, t2
                addi s3, s3, 2
                csrc sstatus, t2
                j leave
            write:
                csrr t2, sstatus
                ori t2, t2, 2
                csrw sstatus, t2
                addi s3, s3, 3
                csrci sstatus, 2
            leave:
                csrw sepc, s5
                li t2, 0x100
                csrc sstatus, t2
                {Return}
            interrupt:
                addi s4, s4, 1
                csrr t0, sepc
                xor s2, s2, t0
                slli s2, s2, 1
                csrci sip, 2
                sret
            """,
            "csrw mie, zero; wfi", 100,
            (system, _) =>
            {
                system[RiscVSlot.Mideleg] = 2;
                system[RiscVSlot.Mie] = 2;
            });
        Assert.True(state.X("s4") >= 100);
    }

    [Fact]
    public void Cache_blocks_are_allowed_and_forbidden_between_calls() => UserProgram.Check(
        """
        loop:
            sd s0, 0x100(a4)
            addi t0, a4, 0x100
            cbo.zero (t0)               # illegal half of the time
            ld t1, 0x100(a4)
            add a1, a1, t1
            ecall
            addi s0, s0, -1
            bnez s0, loop
            li a7, 1
            ecall
        """,
        $"""
            addi s4, s4, 1
            csrr t0, scause
            li t1, 2
            beq t0, t1, leave
            csrr t0, senvcfg
            xori t0, t0, 0x80
            csrw senvcfg, t0
        leave:
            {Return}
        """,
        "wfi", 64,
        (system, _) =>
        {
            system[RiscVSlot.Menvcfg] = 0x80;
            system[14] = UserProgram.User + 0x400;
        });

    [Fact]
    public void Return_that_machine_mode_forbids_traps() => UserProgram.Check(
        User,
        Return,
        """
            csrr t1, mcause
            add s1, s1, t1
            li t2, 2
            bne t1, t2, end
            li t1, 0x400000             # TSR
            csrc mstatus, t1
            addi a3, a3, 1
            mret
        end:
            wfi
        """,
        30,
        (system, _) =>
        {
            system[RiscVSlot.Medeleg] = 1UL << (int)TrapCause.EcallFromUser;
            system[RiscVSlot.Mstatus] |= 0x400000;
        });

    [Fact]
    public void Interrupts_of_others_do_not_disturb_calls()
    {
        const ulong Rounds = 100_000;
        using var system = new GuestSystem(EngineKind.Translator, tracesTraps: false);
        var tables = new PageTables(system, GuestSystem.Base + 0x80_0000);
        tables.Map(UserProgram.User, UserProgram.Frames, PageTables.UserAll);
        tables.Map(UserProgram.Kernel, UserProgram.Frames + 0x1000, PageTables.SupervisorAll);
        system.Load(User, UserProgram.Frames);
        system.Load(
            $"""
                li t4, 0x46000
                csrrc t5, sstatus, t4
                csrs sstatus, s10
                ld t3, 0x200(a5)
                addi t3, t3, 1
                sd t3, 0x200(a5)
                csrc sstatus, s10
                csrw sstatus, t5
                {Return}
            """,
            UserProgram.Frames + 0x1000);
        ulong machine = system.Load(
            """
                .align 4
            machine:
                csrrw t6, mscratch, t6
                csrr t6, mcause
                bgez t6, end
                addi s6, s6, 1
                sw zero, 0(s7)
                csrrw t6, mscratch, t6
                mret
            end:
                csrw mie, zero          # or waiting would end at once
                wfi
            """).AddressOf("machine");
        system[RiscVSlot.Mtvec] = machine;
        system[RiscVSlot.Stvec] = UserProgram.Kernel;
        system[RiscVSlot.Medeleg] = 1UL << (int)TrapCause.EcallFromUser;
        system[RiscVSlot.Satp] = tables.Satp();
        ulong runs = 0;
        using (new Interrupter(system))
        {
            do
            {
                system.Hart.SetEntry(UserProgram.User, 0, 0, 0, PrivilegeMode.User);
                system[RiscVSlot.Mie] = 8;
                (system[8], system[15], system[17], system[23], system[26]) = (Rounds, UserProgram.User + 0x400, 0, GuestSystem.DeviceAddress, 0x40000);
                system.Run();
                runs++;
                Assert.Equal(runs * (Rounds + 1), system.Read64(UserProgram.Frames + 0x600));
                Assert.Equal(Rounds, system.X("a0"));
            }
            while (system.X("s6") < 100);
        }
    }
}
