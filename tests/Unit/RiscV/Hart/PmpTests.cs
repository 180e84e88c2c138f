using Doppel.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>Physical memory protection (Privileged Architecture 1.13, section 3.7).</summary>
public class PmpTests
{
    private const ulong Handler = HartBench.Base + 0x1000;
    private const ulong Target = HartBench.Base + 0x4000;
    private const byte R = 1, W = 2, X = 4, Tor = 1 << 3, Na4 = 2 << 3, Napot = 3 << 3, L = 0x80;

    /// <summary>Runs a program in a mode with entries of (config, pmpaddr); the code's first page may always be executed through entry 7.</summary>
    private static HartBench Protected(PrivilegeMode mode, string program, params (byte Config, ulong Address)[] entries)
    {
        var bench = new HartBench(program);
        bench.WriteCode(Handler, "wfi; spin: j spin");
        bench[RiscVSlot.Mtvec] = Handler;
        ulong config = (ulong)(Napot | R | X) << 56;
        bench[RiscVSlot.Pmpaddr + 7] = HartBench.Base >> 2 | 0x1ff;
        for (int i = 0; i < entries.Length; i++)
        {
            config |= (ulong)entries[i].Config << (8 * i);
            bench[(byte)(RiscVSlot.Pmpaddr + i)] = entries[i].Address;
        }

        bench[RiscVSlot.Pmpcfg] = config;
        bench.Hart.SetEntry(HartBench.Base, 0, Target, 0, mode);
        return bench;
    }

    [Fact]
    public void Without_a_matching_entry_only_machine_mode_may_access()
    {
        using HartBench user = Protected(PrivilegeMode.User, "ld a0, 0(a1)").Run();
        Assert.Equal(5UL, user[RiscVSlot.Mcause]);
        Assert.Equal(Target, user[RiscVSlot.Mtval]);
        using HartBench machine = Protected(PrivilegeMode.Machine, "ld a0, 0(a1); wfi").Run();
        Assert.Equal(0UL, machine[RiscVSlot.Mcause]);
    }

    [Theory]
    [InlineData("ld a0, 0(a1); ecall", R, 8)]
    [InlineData("sd a0, 0(a1); ecall", R, 7)]
    [InlineData("sd a0, 0(a1); ecall", R | W, 8)]
    [InlineData("jr a1", R | W, 1)]
    [InlineData("amoadd.d a0, a0, (a1); ecall", R, 7)]
    public void Permissions_of_the_entry_decide(string program, byte permissions, ulong cause)
    {
        using HartBench bench = Protected(PrivilegeMode.User, program, ((byte)(Napot | permissions), Target >> 2 | 0x1ff)).Run();
        Assert.Equal(cause, bench[RiscVSlot.Mcause]);
    }

    [Fact]
    public void First_matching_entry_decides_and_must_match_all_bytes()
    {
        // Entry 0: only the upper word, readable. An eight-byte load of both words fails although entry 1 would allow it.
        (byte, ulong)[] entries = [((byte)(Na4 | R), (Target + 4) >> 2), ((byte)(Napot | R), Target >> 2 | 0x1ff)];
        using HartBench whole = Protected(PrivilegeMode.User, "ld a0, 0(a1); ecall", entries).Run();
        Assert.Equal(5UL, whole[RiscVSlot.Mcause]);
        using HartBench halves = Protected(PrivilegeMode.User, "lw a0, 0(a1); lw a0, 4(a1); ecall", entries).Run();
        Assert.Equal(8UL, halves[RiscVSlot.Mcause]);
    }

    [Fact]
    public void Partial_match_fails_in_machine_mode_too_although_the_entry_is_not_locked()
    {
        using HartBench bench = Protected(PrivilegeMode.Machine, "ld a0, 0(a1); wfi", ((byte)(Na4 | R | W | X), (Target + 4) >> 2)).Run();
        Assert.Equal(5UL, bench[RiscVSlot.Mcause]);
        using HartBench half = Protected(PrivilegeMode.Machine, "lw a0, 4(a1); wfi", ((byte)Na4, (Target + 4) >> 2)).Run();
        Assert.Equal(0UL, half[RiscVSlot.Mcause]);
    }

    [Fact]
    public void Top_of_range_covers_from_the_entry_before()
    {
        (byte, ulong)[] entries = [(0, Target >> 2), ((byte)(Tor | R), (Target + 0x10) >> 2)];
        using HartBench inside = Protected(PrivilegeMode.User, "ld a0, 8(a1); ecall", entries).Run();
        Assert.Equal(8UL, inside[RiscVSlot.Mcause]);
        using HartBench outside = Protected(PrivilegeMode.User, "ld a0, 16(a1); ecall", entries).Run();
        Assert.Equal(5UL, outside[RiscVSlot.Mcause]);
    }

    [Fact]
    public void Locked_entry_binds_machine_mode_and_cannot_be_changed()
    {
        const string Program = "csrwi pmpcfg0, 0; csrw pmpaddr0, zero; csrr a2, pmpcfg0; csrr a3, pmpaddr0; sd a0, 0(a1); wfi";
        using HartBench bench = Protected(PrivilegeMode.Machine, Program, ((byte)(L | Napot | R), Target >> 2 | 0x1ff)).Run();
        Assert.Equal(7UL, bench[RiscVSlot.Mcause]);
        Assert.Equal((ulong)(L | Napot | R), bench.X("a2"));
        Assert.Equal(Target >> 2 | 0x1ff, bench.X("a3"));
    }

    [Fact]
    public void Page_with_mixed_permissions_is_checked_at_every_instruction()
    {
        // The second half of the code's page may not be executed.
        using HartBench bench = Protected(PrivilegeMode.User, "j 0x800007fc", ((byte)(Napot | R), (HartBench.Base + 0x800) >> 2 | 0xff));
        bench.WriteCode(HartBench.Base + 0x7fc, "nop; nop");
        bench.Run();
        Assert.Equal(1UL, bench[RiscVSlot.Mcause]);
        Assert.Equal(HartBench.Base + 0x800, bench[RiscVSlot.Mepc]);
    }
}
