// Privileged Architecture 1.13, sections 3.1.6.3 (MXR), 3.7 (PMP), 12.2.1 (sfence.vma) and 12.4 (Sv39).
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using static Doppel.Tests.Conformance.Engines.PageTables;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// A user's accesses, again and again by the same instructions, while machine mode changes what they mean: each access of a user remembers the page that it found last.
/// </summary>
public sealed class UserRemapTests
{
    private const ulong User = 0x5000_0000;
    private const ulong Window = 0x4000_0000;
    private const ulong Frames = GuestSystem.Base + 0x20_0000;
    private const ulong Root = GuestSystem.Base + 0x80_0000;
    private const ulong OtherRoot = Root + 0x1_0000;
    private const ulong HartBytes = 0x10_0000;
    private const int Rounds = 60;

    /// <summary>What is done between two rounds; s2 is the window, s3 its entry's address, s4 another entry or address space, s9 the space's number.</summary>
    public static TheoryData<string, ulong> Changes => new()
    {
        { "ld t0, 0(s3); sd s4, 0(s3); mv s4, t0; sfence.vma", 0 },
        { "ld t0, 0(s3); sd s4, 0(s3); mv s4, t0; sfence.vma s2", 0 },
        { "ld t0, 0(s3); sd s4, 0(s3); mv s4, t0; sfence.vma zero, s9", 0 },
        { "ld t0, 0(s3); sd s4, 0(s3); mv s4, t0; sfence.vma s2, s9", 0 },

        { "csrrw s8, satp, s8", 2 },
        { "csrrw s8, satp, s8; sfence.vma", 0 },
        { "csrrw s8, satp, s8; sfence.vma zero, s9", 0 },

        // Less is allowed: the handler of the fault allows it again.
        { "ld t0, 0(s3); andi t0, t0, -5; sd t0, 0(s3); sfence.vma s2", 0 },
        { "ld t0, 0(s3); andi t0, t0, -7; sd t0, 0(s3); sfence.vma s2", 0 },
        { "ld t0, 0(s3); andi t0, t0, -17; sd t0, 0(s3); sfence.vma", 0 },
        { "ld t0, 0(s3); andi t0, t0, -2; sd t0, 0(s3); sfence.vma zero, s9", 0 },
        { "li t0, 0x1d; csrw pmpcfg0, t0", 0 },
        { "li t0, 0x1c; csrw pmpcfg0, t0", 0 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Access_finds_what_its_address_means_now(string change, ulong asid)
    {
        EngineState state = Check(change, asid);
        Assert.Equal((ulong)TrapCause.EcallFromUser, state[RiscVSlot.Mcause]);
        Assert.NotEqual(0UL, state.X("s1"));
    }

    [Fact]
    public void Page_that_may_only_be_executed_is_read_while_mxr_says_so()
    {
        // The window is readable by MXR alone, which each round clears and each fault sets.
        EngineState state = Check("li t0, 0x80000; csrc mstatus, t0", 0, repair: "li t0, 0x80000; csrs mstatus, t0", flags: UserAll & ~(R | W), stores: false);
        Assert.Equal(Rounds * (ulong)TrapCause.LoadPageFault, state.X("s5"));
    }

    [Fact]
    public void Harts_with_tables_of_their_own_share_code_and_no_pages()
    {
        const string Change = "ld t0, 0(s3); sd s4, 0(s3); mv s4, t0; sfence.vma s2";
        using var one = new GuestSystem(EngineKind.Interpreter);
        Prepare(one, one.Hart, Change, 0, "nop", UserAll, stores: true);
        one.Run();
        using var many = new GuestSystem(EngineKind.Translator, harts: 3);
        foreach (RiscVHart hart in many.Harts) Prepare(many, hart, Change, 0, "nop", UserAll, stores: true);
        many.RunAll();
        foreach (RiscVHart hart in many.Harts)
        {
            foreach (byte register in (ReadOnlySpan<byte>)[8, 9, 10, 11, 12, 13, 14, 15, 21]) Assert.Equal(one.Hart.ReadRegister(register), hart.ReadRegister(register));
        }
    }

    private static EngineState Check(string change, ulong asid, string? repair = null, ulong flags = UserAll, bool stores = true) =>
        NoDiff.Check("nop", (system, _) => Prepare(system, system.Hart, change, asid, repair ?? "li t0, 0x1f; csrw pmpcfg0, t0; ld t0, 0(s3); ori t0, t0, 0xd7; sd t0, 0(s3); sfence.vma", flags, stores));

    private static void Prepare(GuestSystem system, RiscVHart hart, string change, ulong asid, string repair, ulong flags, bool stores)
    {
        ulong own = (ulong)hart.Id * HartBytes, frames = Frames + own;
        ProgramBuilder kernel = system.Load(Kernel(change, repair));
        system.Load(Assembler.Assemble(Program(stores), User), Frames - 0x1000);
        ulong[] entries = new ulong[2], roots = [Root + (2 * own), OtherRoot + (2 * own)];
        var tables = new PageTables(system, roots[0]);
        for (int space = 0; space < 2; space++)
        {
            if (space == 1) tables = new PageTables(system, roots[1]);
            tables.Map(User, Frames - 0x1000, UserAll);
            entries[space] = tables.Map(Window, frames + ((ulong)space << 12), flags);
            hart.WriteRegister((byte)(space == 0 ? RiscVSlot.Satp : 24), tables.Satp(space == 0 ? 0 : asid));
            for (int i = 0; i < 64; i++) system.Write64(frames + ((ulong)space << 12) + (8 * (ulong)i), (ulong)(space * 1000 + i));
        }

        hart.WriteRegister(RiscVSlot.Mtvec, kernel.AddressOf("handler"));
        hart.WriteRegister(18, Window);
        hart.WriteRegister(19, entries[0]);
        hart.WriteRegister(20, Leaf(frames + 0x1000, flags));
        hart.SetEntry(User, 0, 0, 0, PrivilegeMode.User);
    }

    /// <summary>Single accesses of all sizes, and a row of them; each round ends with a call.</summary>
    private static string Program(bool stores) =>
        $"""
            li s0, {Rounds}
            li a7, 0
        round:
            lbu a0, 8(s2)
            add s1, s1, a0
            lh a1, 16(s2)
            add s1, s1, a1
            lw a2, 24(s2)
            slli s1, s1, 1
            add s1, s1, a2
            fld fa0, 32(s2)
            fmv.x.d a3, fa0
            xor s1, s1, a3
            {(stores ? "sd s1, 40(s2); nop; sb s0, 48(s2); addi s6, s2, 128; addi s7, s2, 256; ld a4, 0(s6); ld a5, 8(s6); sd a4, 8(s6); sd a5, 0(s7); sw s1, 12(s7)" : "nop")}
            ecall
            addi s0, s0, -1
            bnez s0, round
            li a7, 1
            ecall
        """;

    private static string Kernel(string change, string repair) =>
        $"""
            nop
            .align 64
        handler:
            csrr t0, mcause
            li t1, 8
            bne t0, t1, fault
            bnez a7, end
            csrr t0, mepc
            addi t0, t0, 4
            csrw mepc, t0
            {change}
            mret
        fault:
            add s5, s5, t0
            {repair}
            mret
        end:
            wfi
            j end
        """;
}
