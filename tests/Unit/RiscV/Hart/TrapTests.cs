using Doppel.Core.Vcpu;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>Privileged Architecture 1.13: exceptions, delegation, interrupts and returns.</summary>
public class TrapTests
{
    private const ulong HandlerAddress = HartBench.Base + 0x1000;

    /// <summary>A hart that is about to execute <paramref name="body"/> in a mode, with a handler for M and S that only waits.</summary>
    private static HartBench InMode(PrivilegeMode mode, string body)
    {
        var bench = new HartBench(body);
        bench.WriteCode(HandlerAddress, "wfi; spin: j spin");
        bench[RiscVSlot.Mtvec] = HandlerAddress;
        bench[RiscVSlot.Stvec] = HandlerAddress + 0x100;
        bench.WriteCode(HandlerAddress + 0x100, "wfi; spin: j spin");
        bench[RiscVSlot.Pmpaddr] = ulong.MaxValue >> 10;
        bench[RiscVSlot.Pmpcfg] = 0x1f;
        bench.Hart.SetEntry(HartBench.Base, 0, 0, 0, mode);
        return bench;
    }

    [Theory]
    [InlineData(PrivilegeMode.User, 8)]
    [InlineData(PrivilegeMode.Supervisor, 9)]
    [InlineData(PrivilegeMode.Machine, 11)]
    public void Ecall_traps_to_machine_mode_with_the_cause_of_its_mode(PrivilegeMode mode, ulong cause)
    {
        using HartBench bench = InMode(mode, "nop; ecall").Run();
        Assert.Equal(cause, bench[RiscVSlot.Mcause]);
        Assert.Equal(HartBench.Base + 4, bench[RiscVSlot.Mepc]);
        Assert.Equal(0UL, bench[RiscVSlot.Mtval]);
        Assert.Equal((ulong)mode, bench[RiscVSlot.Mstatus] >> 11 & 3);
    }

    [Fact]
    public void Delegated_exception_enters_supervisor_mode_with_spp_and_spie()
    {
        using HartBench bench = InMode(PrivilegeMode.Supervisor, "csrsi sstatus, 2; ebreak");
        bench[RiscVSlot.Medeleg] = 1 << 3;
        bench.Run();
        Assert.Equal((ulong)PrivilegeMode.Supervisor, bench[RiscVSlot.Mode]);
        Assert.Equal(3UL, bench[RiscVSlot.Scause]);
        Assert.Equal(HartBench.Base + 4, bench[RiscVSlot.Sepc]);
        Assert.Equal(HartBench.Base + 4, bench[RiscVSlot.Stval]);
        Assert.Equal(0x120UL, bench[RiscVSlot.Mstatus] & 0x122);
    }

    [Fact]
    public void Exception_in_machine_mode_is_never_delegated()
    {
        using HartBench bench = InMode(PrivilegeMode.Machine, "ebreak");
        bench[RiscVSlot.Medeleg] = 1 << 3;
        bench.Run();
        Assert.Equal(3UL, bench[RiscVSlot.Mcause]);
    }

    [Theory]
    [InlineData(".word 0xffffffff", 0xffff_ffffUL)]
    [InlineData(".half 0", 0UL)]
    [InlineData(".half 0x8002", 0x8002UL)] // c.jr x0
    [InlineData("csrw 0xc00, a0", 0xc005_1073UL)]
    [InlineData("csrr a0, 0x5c0", 0x5c00_2573UL)]
    public void Illegal_instruction_leaves_its_bits_in_mtval(string instruction, ulong bits)
    {
        using HartBench bench = InMode(PrivilegeMode.Machine, instruction).Run();
        Assert.Equal(2UL, bench[RiscVSlot.Mcause]);
        Assert.Equal(bits, bench[RiscVSlot.Mtval]);
    }

    [Fact]
    public void Illegal_instruction_across_pages_leaves_all_bits_in_mtval()
    {
        using HartBench bench = InMode(PrivilegeMode.User, "spin: j spin");
        bench.WriteCode(HartBench.Base + 0x2ffe, "csrr a0, mstatus");
        bench.Hart.SetEntry(HartBench.Base + 0x2ffe, 0, 0, 0, PrivilegeMode.User);
        bench.Run();
        Assert.Equal(0x3000_2573UL, bench[RiscVSlot.Mtval]);
        Assert.Equal(HartBench.Base + 0x2ffe, bench[RiscVSlot.Mepc]);
    }

    [Fact]
    public void Mret_restores_mode_and_interrupt_enable_and_clears_mprv()
    {
        using HartBench bench = InMode(PrivilegeMode.Machine, "mret");
        bench[RiscVSlot.Mepc] = HartBench.Base + 0x40;
        bench.WriteCode(HartBench.Base + 0x40, "ecall");
        bench[RiscVSlot.Mstatus] = bench[RiscVSlot.Mstatus] | 1 << 7 | 1 << 17 | 1 << 11;
        bench.Run();
        Assert.Equal(9UL, bench[RiscVSlot.Mcause]);
        Assert.Equal(HartBench.Base + 0x40, bench[RiscVSlot.Mepc]);
        Assert.Equal(0UL, bench[RiscVSlot.Mstatus] & 1 << 17);
        Assert.NotEqual(0UL, bench[RiscVSlot.Mstatus] & 1 << 7);
    }

    [Theory]
    [InlineData("sret", 22)]
    [InlineData("sfence.vma", 20)]
    [InlineData("csrr a0, satp", 20)]
    [InlineData("wfi", 21)]
    public void Supervisor_instruction_is_illegal_where_mstatus_forbids_it(string instruction, int bit)
    {
        using HartBench bench = InMode(PrivilegeMode.Supervisor, instruction);
        bench[RiscVSlot.Mstatus] = bench[RiscVSlot.Mstatus] | 1UL << bit;
        bench.Run();
        Assert.Equal(2UL, bench[RiscVSlot.Mcause]);
    }

    [Theory]
    [InlineData("mret")]
    [InlineData("sret")]
    [InlineData("wfi")]
    [InlineData("sfence.vma")]
    [InlineData("csrr a0, sstatus")]
    [InlineData("csrr a0, cycle")]
    [InlineData("cbo.zero (a0)")]
    public void Privileged_instruction_is_illegal_in_user_mode(string instruction)
    {
        using HartBench bench = InMode(PrivilegeMode.User, instruction).Run();
        Assert.Equal(2UL, bench[RiscVSlot.Mcause]);
    }

    [Fact]
    public void Interrupts_are_taken_in_the_order_of_their_priority()
    {
        int[] order = [11, 3, 7, 9, 1, 5];
        ulong all = order.Aggregate(0UL, (bits, n) => bits | 1UL << n);
        using HartBench bench = InMode(PrivilegeMode.Machine, "csrsi mstatus, 8; spin: j spin");
        foreach (int line in order) bench.Hart.SetInterruptLine(line, true);
        bench[RiscVSlot.Mip] = 1 << 5; // no wire drives the supervisor timer
        foreach (int expected in order)
        {
            bench[RiscVSlot.Mie] = all;
            bench.Hart.SetEntry(HartBench.Base, 0, 0, 0, PrivilegeMode.Machine);
            Assert.Equal(StopReason.Budget, bench.Hart.Run(2));
            Assert.Equal(1UL << 63 | (uint)expected, bench[RiscVSlot.Mcause]);
            Assert.Equal(HartBench.Base + 4, bench[RiscVSlot.Mepc]);
            bench.Hart.SetInterruptLine(expected, false);
        }
    }

    [Fact]
    public void Vectored_mode_adds_four_times_the_number_for_interrupts_only()
    {
        using HartBench bench = InMode(PrivilegeMode.Machine, "csrsi mstatus, 8; spin: j spin");
        bench[RiscVSlot.Mtvec] = HandlerAddress | 1;
        bench[RiscVSlot.Mie] = 1 << 7;
        bench.Hart.SetInterruptLine(7, true);
        bench.Hart.Run(1);
        bench.WriteCode(HandlerAddress + 28, "wfi");
        Assert.Equal(StopReason.Budget, bench.Hart.Run(1));
        Assert.Equal(HandlerAddress + 28 + 4, bench.Pc);
    }

    [Fact]
    public void Delegated_interrupt_waits_while_the_hart_is_in_machine_mode()
    {
        using HartBench bench = InMode(PrivilegeMode.Machine, "csrsi mstatus, 2; csrsi mstatus, 8; li a0, 1; wfi");
        bench[RiscVSlot.Mideleg] = 1 << 9;
        bench[RiscVSlot.Mie] = 1 << 9;
        bench.Hart.SetInterruptLine(9, true);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(4));
        Assert.Equal(1UL, bench.X("a0"));
        Assert.Equal(0UL, bench[RiscVSlot.Scause]);
    }

    [Fact]
    public void Wfi_goes_on_when_an_enabled_interrupt_is_pending_although_mstatus_disables_it()
    {
        using HartBench bench = new("wfi; li a0, 7; wfi");
        bench.Run();
        Assert.Equal(0UL, bench.X("a0"));
        bench[RiscVSlot.Mie] = 1 << 3;
        bench.Hart.SetInterruptLine(3, true);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(1));
        Assert.Equal(7UL, bench.X("a0"));
    }

    [Fact]
    public void Spurious_wake_leaves_the_hart_waiting()
    {
        using HartBench bench = new("wfi; li a0, 7; wfi");
        bench.Run();
        bench.Hart.Kick();
        bench.Hart.WaitForWork();
        Assert.Equal(StopReason.Kicked, bench.Hart.Run(10));
        Assert.Equal(StopReason.Halted, bench.Hart.Run(10));
        Assert.Equal(0UL, bench.X("a0"));
    }

    [Fact]
    public void Hart_that_waits_says_that_it_is_idle()
    {
        using HartBench bench = new("wfi");
        int idle = 0;
        bench.Hart.Idle += () => idle++;
        bench.Run();
        Assert.Equal(0, idle);
        bench.Hart.Kick();
        bench.Hart.WaitForWork();
        Assert.Equal(1, idle);
    }

    [Fact]
    public void Supervisor_timer_is_pending_from_the_time_in_stimecmp_on()
    {
        using HartBench bench = InMode(PrivilegeMode.Supervisor, "li t0, 500; csrw stimecmp, t0; wfi; li a0, 1; wfi");
        bench.Hart.DelegateToSupervisor();
        bench[RiscVSlot.Mie] = 1 << 5;
        bench.Run();
        bench.Clock.Advance(49_999);
        Assert.Equal(StopReason.Halted, bench.Hart.Run(10));
        bench.Clock.Advance(1);
        Assert.Equal(StopReason.Budget, bench.Hart.Run(1));
        Assert.Equal(1UL, bench.X("a0"));
        Assert.Equal(1UL << 5, bench[RiscVSlot.Lines] & 1 << 5);
    }
}
