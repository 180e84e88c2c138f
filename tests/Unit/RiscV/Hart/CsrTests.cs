using Doppel.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>WARL fields, aliases, counters and access rules of CSRs (Privileged Architecture 1.13).</summary>
public class CsrTests
{
    [Theory]
    [InlineData("misa", 0x8000_0000_0014_112fUL)]
    [InlineData("mstatus", 0x8000_000a_007e_79aaUL)]
    [InlineData("sstatus", 0x8000_0002_000c_6122UL)]
    [InlineData("mie", 0x2aaaUL)]
    [InlineData("mideleg", 0x2222UL)]
    [InlineData("medeleg", 0xb3ffUL)]
    [InlineData("mip", 0x2222UL)]
    [InlineData("mtvec", 0xffff_ffff_ffff_fffdUL)]
    [InlineData("stvec", 0xffff_ffff_ffff_fffdUL)]
    [InlineData("mepc", 0xffff_ffff_ffff_fffeUL)]
    [InlineData("sepc", 0xffff_ffff_ffff_fffeUL)]
    [InlineData("mcounteren", 0xffff_ffffUL)]
    [InlineData("scounteren", 0xffff_ffffUL)]
    [InlineData("mcountinhibit", 0x7fdUL)]
    [InlineData("menvcfg", 0xe000_0000_0000_00f1UL)]
    [InlineData("senvcfg", 0xf1UL)]
    [InlineData("satp", 0UL)] // mode 15 does not exist
    [InlineData("fcsr", 0xffUL)]
    [InlineData("frm", 7UL)]
    [InlineData("fflags", 0x1fUL)]
    [InlineData("pmpaddr0", 0x003f_ffff_ffff_ffffUL)]
    [InlineData("mscratch", ulong.MaxValue)]
    [InlineData("stimecmp", ulong.MaxValue)]
    [InlineData("mhpmcounter3", ulong.MaxValue)]
    [InlineData("mhpmcounter11", 0UL)]
    [InlineData("mhpmevent3", 0xf000_0000_0000_0000UL)] // no event has this number
    [InlineData("mhpmevent31", 0UL)]
    [InlineData("tselect", 0UL)]
    public void Writing_all_ones_leaves_the_implemented_bits(string csr, ulong expected)
    {
        // FS is switched on for the floating-point CSRs.
        using HartBench bench = HartBench.RunProgram($"li t0, 0x6000; csrs mstatus, t0; li t0, -1; csrw {csr}, t0; csrr a0, {csr}; wfi");
        Assert.Equal(expected, bench.X("a0"));
    }

    [Fact]
    public void Reserved_mpp_keeps_the_old_field()
    {
        using HartBench bench = HartBench.RunProgram("li t0, 0x800; csrw mstatus, t0; li t0, 0x1000; csrw mstatus, t0; csrr a0, mstatus; wfi");
        Assert.Equal(0x800UL, bench.X("a0") & 0x1800);
    }

    [Theory]
    [InlineData(VirtualAddressMode.Sv39, 8, true)]
    [InlineData(VirtualAddressMode.Sv39, 9, false)]
    [InlineData(VirtualAddressMode.Sv48, 9, true)]
    [InlineData(VirtualAddressMode.Sv48, 10, false)]
    [InlineData(VirtualAddressMode.Sv57, 10, true)]
    [InlineData(VirtualAddressMode.Sv57, 11, false)]
    public void Satp_takes_only_modes_that_the_hart_has(VirtualAddressMode max, ulong mode, bool taken)
    {
        using var bench = new HartBench("csrw satp, a1; csrr a0, satp; wfi", new HartConfig { MaxMode = max });
        bench[11] = mode << 60 | 0x1234;
        bench.Run();
        Assert.Equal(taken ? mode << 60 | 0x1234 : 0, bench.X("a0"));
    }

    [Fact]
    public void Csrrs_without_source_register_does_not_write_a_read_only_csr()
    {
        using HartBench bench = HartBench.RunProgram("csrrs a0, mhartid, zero; csrrci a1, mhartid, 0; li a2, 1; wfi");
        Assert.Equal(1UL, bench.X("a2"));
    }

    [Fact]
    public void External_line_does_not_leak_into_the_software_bit_of_seip()
    {
        using HartBench bench = new("csrrsi a0, mip, 2; csrr a1, mip; wfi; spin: j spin");
        bench.Hart.SetInterruptLine(9, true);
        bench.Run();
        Assert.Equal(0x200UL, bench.X("a0"));
        Assert.Equal(0x202UL, bench.X("a1"));
        bench.Hart.SetInterruptLine(9, false);
        Assert.Equal(2UL, bench[RiscVSlot.Mip]);
        Assert.Equal(0UL, bench[RiscVSlot.Lines]);
    }

    [Fact]
    public void Minstret_counts_retired_instructions_and_a_write_prevails()
    {
        using HartBench bench = HartBench.RunProgram("""
            li t0, 100
            csrw minstret, t0
            csrr a0, minstret
            csrr a1, minstret
            csrwi mcountinhibit, 4
            csrr a2, minstret
            nop
            csrr a3, minstret
            csrwi mcountinhibit, 0
            csrr a4, minstret
            wfi
            """);
        Assert.Equal(100UL, bench.X("a0"));
        Assert.Equal(101UL, bench.X("a1"));
        Assert.Equal(bench.X("a2"), bench.X("a3"));
        Assert.True(bench.X("a4") - bench.X("a3") <= 1);
    }

    [Fact]
    public void Time_counts_ten_million_ticks_a_second()
    {
        using HartBench bench = new("csrr a0, time; wfi");
        bench.Clock.Advance(1_000_000_000);
        bench.Run();
        Assert.Equal(10_000_000UL, bench.X("a0"));
    }

    [Fact]
    public void Disabled_float_unit_makes_its_instructions_and_csrs_illegal()
    {
        foreach (string instruction in new[] { "fadd.d fa0, fa0, fa0", "flw fa0, 0(sp)", "fsd fa0, 0(sp)", "csrr a0, fcsr", "c.fld fa0, 0(a0)" })
        {
            using HartBench bench = new(instruction);
            bench[RiscVSlot.Mtvec] = HartBench.Base + 0x100;
            bench.WriteCode(HartBench.Base + 0x100, "wfi");
            bench.Run();
            Assert.Equal(2UL, bench[RiscVSlot.Mcause]);
        }
    }

    [Fact]
    public void Float_results_make_the_state_dirty()
    {
        using HartBench bench = HartBench.RunProgram("li t0, 0x2000; csrs mstatus, t0; csrr a0, mstatus; fmv.d.x fa0, zero; csrr a1, mstatus; wfi");
        Assert.Equal(0x2000UL, bench.X("a0") & 0x8000_0000_0000_6000);
        Assert.Equal(0x8000_0000_0000_6000UL, bench.X("a1") & 0x8000_0000_0000_6000);
    }
}
