using Doppel.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>Sv39, Sv48 and Sv57 with Svade, Svadu, Svnapot and Svpbmt (Privileged Architecture 1.13, chapter 12).</summary>
public class PagingTests
{
    private const ulong Va = 0x4000_5000;
    private const ulong Pa = HartBench.Base + 0x20_0000;
    private const ulong Root = HartBench.Base + 0x10_0000;
    private const ulong Handler = HartBench.Base + 0x1000;
    private const ulong V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128;
    private const ulong Napot = 1UL << 63;

    private const string LoadThenStore = "ld a0, 0(a1); sd a2, 0(a1); ecall";

    public static TheoryData<VirtualAddressMode> Modes => new(VirtualAddressMode.Sv39, VirtualAddressMode.Sv48, VirtualAddressMode.Sv57);

    /// <summary>A hart in S-mode whose code is mapped one to one and whose page at <see cref="Va"/> has the given entry.</summary>
    private static HartBench Paged(VirtualAddressMode mode, string program, ulong flags, ulong va = Va, ulong pa = Pa, int leafLevel = 0)
    {
        var bench = new HartBench(program);
        bench.WriteCode(Handler, "wfi; spin: j spin");
        bench[RiscVSlot.Mtvec] = Handler;
        bench[RiscVSlot.Pmpaddr] = ulong.MaxValue >> 10;
        bench[RiscVSlot.Pmpcfg] = 0x1f;
        int levels = (int)mode - 5;
        ulong next = Root + 0x1000;
        Map(bench, levels, HartBench.Base, HartBench.Base, V | R | X | A | D, 1, ref next);
        Map(bench, levels, va, pa, flags, leafLevel, ref next);
        bench[RiscVSlot.Satp] = (ulong)mode << 60 | Root >> 12;
        bench[11] = va;
        bench.Hart.SetEntry(HartBench.Base, 0, va, 0x5555, PrivilegeMode.Supervisor);
        bench.Write64(pa & ~0xfffUL, 0x1234);
        return bench;
    }

    [Fact]
    public void Misaligned_load_at_the_end_of_the_address_space_faults_in_every_address_space()
    {
        // Each sfence.vma takes a new number for the address space; with every number the tag of this access must differ from that of an invalid entry.
        using var bench = new HartBench("li t0, 300; loop: sfence.vma; ld a0, -1(x0); after: addi t0, t0, -1; bnez t0, loop; li a1, 7; wfi");
        bench.WriteCode(Handler, "csrr t1, mepc; addi t1, t1, 4; csrw mepc, t1; addi s0, s0, 1; mret");
        bench[RiscVSlot.Mtvec] = Handler;
        bench.Run();
        Assert.Equal(7UL, bench.X("a1"));
        Assert.Equal(300UL, bench.X("s0"));
    }

    private static ulong Map(HartBench bench, int levels, ulong va, ulong pa, ulong flags, int leafLevel, ref ulong next)
    {
        ulong table = Root;
        for (int level = levels - 1; ; level--)
        {
            ulong entry = table + ((va >> (12 + (9 * level)) & 0x1ff) * 8);
            if (level == leafLevel)
            {
                bench.Write64(entry, pa >> 12 << 10 | flags);
                return entry;
            }

            ulong pointer = bench.Read64(entry);
            if ((pointer & V) == 0)
            {
                bench.Write64(entry, next >> 12 << 10 | V);
                table = next;
                next += 0x1000;
            }
            else
            {
                table = pointer >> 10 << 12;
            }
        }
    }

    private static void AssertFault(HartBench bench, ulong cause, ulong value)
    {
        Assert.Equal(cause, bench[RiscVSlot.Mcause]);
        Assert.Equal(value, bench[RiscVSlot.Mtval]);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Page_translates_loads_and_stores(VirtualAddressMode mode)
    {
        using HartBench bench = Paged(mode, LoadThenStore, V | R | W | A | D).Run();
        Assert.Equal(9UL, bench[RiscVSlot.Mcause]);
        Assert.Equal(0x1234UL, bench.X("a0"));
        Assert.Equal(0x5555UL, bench.Read64(Pa));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Superpage_translates_with_the_offset_of_its_size(VirtualAddressMode mode)
    {
        using HartBench bench = Paged(mode, LoadThenStore, V | R | W | A | D, leafLevel: 1);
        bench.Write64(Pa + 0x5000, 0x77);
        bench.Run();
        Assert.Equal(0x77UL, bench.X("a0"));
    }

    [Theory]
    [InlineData(VirtualAddressMode.Sv39, 0x0000_0040_0000_0000UL)]
    [InlineData(VirtualAddressMode.Sv48, 0x0000_8000_0000_0000UL)]
    [InlineData(VirtualAddressMode.Sv57, 0x0100_0000_0000_0000UL)]
    [InlineData(VirtualAddressMode.Sv39, 0x8000_0000_4000_5000UL)]
    public void Address_that_is_not_canonical_is_a_page_fault(VirtualAddressMode mode, ulong address)
    {
        using HartBench bench = Paged(mode, LoadThenStore, V | R | W | A | D);
        bench[11] = address;
        bench.Run();
        AssertFault(bench, 13, address);
    }

    [Theory]
    [InlineData(R | W | A | D)] // not valid
    [InlineData(V | W | A | D)] // W without R is reserved
    [InlineData(V | A | D)] // a pointer below the last level
    [InlineData(V | X | A | D)] // not readable without MXR
    [InlineData(V | R | U | A | D)] // a user page without SUM
    [InlineData(V | R | A | D | 1UL << 54)] // reserved bit
    [InlineData(V | R | A | D | 1UL << 61)] // PBMT while menvcfg.PBMTE is 0
    [InlineData(V | R | A | D | Napot)] // NAPOT of a size that does not exist
    public void Entry_that_forbids_the_load_is_a_page_fault(ulong flags)
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, LoadThenStore, flags).Run();
        AssertFault(bench, 13, Va);
        Assert.Equal(HartBench.Base, bench[RiscVSlot.Mepc]);
    }

    [Fact]
    public void Store_to_a_read_only_page_is_a_store_page_fault()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, LoadThenStore, V | R | A | D).Run();
        AssertFault(bench, 15, Va);
        Assert.Equal(0x1234UL, bench.X("a0"));
    }

    [Fact]
    public void Jump_to_a_page_without_x_is_an_instruction_page_fault()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, "jr a1", V | R | W | A | D).Run();
        AssertFault(bench, 12, Va);
        Assert.Equal(Va, bench[RiscVSlot.Mepc]);
    }

    [Theory]
    [InlineData("csrs sstatus, t0; ld a0, 0(a1); ecall", 1UL << 18, V | R | U | A | D)] // SUM
    [InlineData("csrs sstatus, t0; ld a0, 0(a1); ecall", 1UL << 19, V | X | A | D)] // MXR
    public void Status_bit_opens_the_page(string program, ulong bit, ulong flags)
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, program, flags);
        bench[5] = bit;
        bench.Run();
        Assert.Equal(0x1234UL, bench.X("a0"));
    }

    [Fact]
    public void Supervisor_never_executes_a_user_page()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, "csrs sstatus, t0; jr a1", V | R | X | U | A | D);
        bench[5] = 1 << 18;
        bench.Run();
        AssertFault(bench, 12, Va);
    }

    [Theory]
    [InlineData(false, 13, 0)]
    [InlineData(true, 9, A | D)]
    public void Accessed_and_dirty_bits_fault_or_are_set_by_menvcfg_adue(bool hardware, ulong cause, ulong expected)
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, LoadThenStore, V | R | W);
        if (hardware) bench[RiscVSlot.Menvcfg] = 1UL << 61;
        bench.Run();
        Assert.Equal(cause, bench[RiscVSlot.Mcause]);
        ulong entry = FindEntry(bench, Va);
        Assert.Equal(expected, bench.Read64(entry) & (A | D));
    }

    private static ulong FindEntry(HartBench bench, ulong va)
    {
        ulong table = Root;
        for (int level = 2; level > 0; level--) table = bench.Read64(table + ((va >> (12 + (9 * level)) & 0x1ff) * 8)) >> 10 << 12;
        return table + ((va >> 12 & 0x1ff) * 8);
    }

    [Fact]
    public void Napot_page_takes_the_low_bits_from_the_address()
    {
        ulong va = 0x4000_3000;
        using HartBench bench = Paged(VirtualAddressMode.Sv39, LoadThenStore, V | R | W | A | D | Napot, va: va, pa: Pa | 0x8000);
        bench.Write64(Pa + 0x3000, 0x99);
        bench.Run();
        Assert.Equal(0x99UL, bench.X("a0"));
    }

    [Fact]
    public void Memory_type_is_accepted_with_menvcfg_pbmte()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, LoadThenStore, V | R | W | A | D | 2UL << 61);
        bench[RiscVSlot.Menvcfg] = 1UL << 62;
        bench.Run();
        Assert.Equal(0x1234UL, bench.X("a0"));
    }

    [Fact]
    public void Misaligned_store_into_an_unmapped_page_writes_nothing_and_names_that_page()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, "li t0, -1; sd t0, 0(a1); ecall", V | R | W | A | D);
        bench[11] = Va + 0xffc;
        bench.Run();
        AssertFault(bench, 15, Va + 0x1000);
        Assert.Equal(0UL, bench.Read64(Pa + 0xff8));
    }

    [Fact]
    public void Translation_is_kept_until_sfence_vma()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, "ld a0, 0(a1); sd zero, 0(s0); sfence.vma a1; ld a0, 0(a1); ecall", V | R | A | D);
        ulong entry = FindEntry(bench, Va);
        bench[8] = Va + 0x1000;
        ulong unused = Root + 0x8000;
        Map(bench, 3, Va + 0x1000, entry & ~0xfffUL, V | R | W | A | D, 0, ref unused);
        bench[8] = Va + 0x1000 + (entry & 0xfff);
        bench.Run();
        AssertFault(bench, 13, Va);
        Assert.Equal(0x1234UL, bench.X("a0"));
    }

    [Fact]
    public void Mprv_lets_machine_mode_load_as_the_previous_mode()
    {
        using HartBench bench = Paged(VirtualAddressMode.Sv39, "csrs mstatus, t0; ld a0, 0(a1); wfi", V | R | A | D);
        bench.Hart.SetEntry(HartBench.Base, 0, Va, 0, PrivilegeMode.Machine);
        bench[5] = 1 << 17 | 1 << 11;
        bench.Run();
        Assert.Equal(0x1234UL, bench.X("a0"));
    }
}
