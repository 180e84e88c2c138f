// Privileged Architecture 1.13, sections 12.2.1 (sfence.vma) and 12.4 (Sv39).
using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using static Doppel.Tests.Conformance.Engines.PageTables;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Addresses that come to mean other memory, and memory that has several addresses.</summary>
public sealed class RemapTests
{
    private const ulong Window = SupervisorProgram.Window;
    private const ulong Frames = SupervisorProgram.Frames;
    private const string ReturnOne = "addi a0, zero, 1; ret";
    private const string ReturnTwo = "addi a0, zero, 2; ret";

    public static TheoryData<string> Fences => new("sfence.vma", "sfence.vma s2", "sfence.vma zero, s9", "sfence.vma s2, s9");

    [Theory]
    [MemberData(nameof(Fences))]
    public void Code_page_is_replaced_by_another(string fence)
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                li s0, 100
            round:
                jalr s2
                jalr s2
                slli s1, s1, 1
                xor s1, s1, a0
                ld t0, 0(s3)
                sd s4, 0(s3)            # the other page
                mv s4, t0
                {fence}
                addi s5, s5, 3
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(ReturnOne, Frames);
                system.Load(ReturnTwo, Frames + 0x1000);
                system[19] = tables.Map(Window, Frames, SupervisorAll);
                system[20] = Leaf(Frames + 0x1000, SupervisorAll);
            });
        Assert.Equal(2UL, state.X("a0"));
    }

    [Theory]
    [MemberData(nameof(Fences))]
    public void Data_page_is_replaced_by_another(string fence)
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                li s0, 200
            round:
                ld a0, 8(s2)
                add s1, s1, a0
                sd s1, 16(s2)
                amoadd.d a1, a0, (s2)
                ld t0, 0(s3)
                sd s4, 0(s3)
                mv s4, t0
                {fence}
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Write64(Frames + 8, 3);
                system.Write64(Frames + 0x1008, 5);
                system[19] = tables.Map(Window, Frames, SupervisorAll);
                system[20] = Leaf(Frames + 0x1000, SupervisorAll);
            });
        Assert.Equal(800UL, state.X("s1"));
    }

    [Theory]
    [InlineData(2UL, "nop")]
    [InlineData(2UL, "sfence.vma zero, s9")]
    [InlineData(0UL, "sfence.vma")]
    public void Address_space_is_switched(ulong asid, string fence)
    {
        // Code in the window jumps to the page before it, which differs between the spaces; so does a page of data. The page with the jump is common.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window + 0x1000:x}
                li s0, 100
            round:
                csrrw s4, satp, s4
                {fence}
                jalr s2
                slli s1, s1, 1
                xor s1, s1, a0
                ld a1, 0x7f8(s2)
                add s5, s5, a1
                jalr s2
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(Assembler.Assemble($"li a1, 9; j 0x{Window:x}", Window + 0x1000), Frames + 0x2000);
                system.Load(ReturnOne, Frames);
                system.Load(ReturnTwo, Frames + 0x1000);
                system.Write64(Frames + 0x27f8, 11);
                tables.Map(Window, Frames, SupervisorAll);
                tables.Map(Window + 0x1000, Frames + 0x2000, SupervisorAll);
                var other = new PageTables(system, SupervisorProgram.Root + 0x10000);
                other.Map(GuestSystem.Base, GuestSystem.Base, SupervisorAll, level: 2);
                other.Map(Window, Frames + 0x1000, SupervisorAll);
                other.Map(Window + 0x1000, Frames + 0x2000, SupervisorAll);
                system[20] = other.Satp(asid);
            });
        Assert.NotEqual(0UL, state.X("s1"));
        Assert.Equal(1100UL, state.X("s5"));
    }

    [Fact]
    public void Global_pages_stay_and_others_change_with_the_address_space()
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                lui s3, 1
                add s3, s3, s2
                li s0, 100
                li s9, 2
            round:
                csrrw s4, satp, s4
                jalr s2                 # global
                add s1, s1, a0
                ld a1, 0x100(s2)
                add s1, s1, a1
                jalr s3                 # each space its own
                slli s5, s5, 1
                xor s5, s5, a0
                ld a1, 0x100(s3)
                add s6, s6, a1
                andi t0, s0, 15
                bnez t0, on
                sfence.vma zero, s9
            on:
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(ReturnOne, Frames);
                system.Load(ReturnTwo, Frames + 0x1000);
                system.Load("addi a0, zero, 3; ret", Frames + 0x2000);
                system.Write64(Frames + 0x100, 100);
                system.Write64(Frames + 0x1100, 7);
                system.Write64(Frames + 0x2100, 9);
                var other = new PageTables(system, SupervisorProgram.Root + 0x10000);
                other.Map(GuestSystem.Base, GuestSystem.Base, SupervisorAll | G, level: 2);
                foreach (PageTables both in new[] { tables, other }) both.Map(Window, Frames, SupervisorAll | G);
                tables.Map(Window + 0x1000, Frames + 0x1000, SupervisorAll);
                other.Map(Window + 0x1000, Frames + 0x2000, SupervisorAll);
                system[20] = other.Satp(2);
            });
        Assert.Equal(10_100UL, state.X("s1"));
        Assert.Equal(800UL, state.X("s6"));
    }

    [Fact]
    public void Code_runs_through_two_addresses_at_once()
    {
        // The code tells its address, calls through a link, and loops; it has both addresses in turn, and in nested calls.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                lui s3, 3
                add s3, s3, s2
                li s0, 50
            round:
                mv s4, s3
                jalr s2
                add s1, s1, a1
                mv s4, s2
                jalr s3
                xor s1, s1, a1
                slli s1, s1, 1
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(
                    """
                        mv s6, ra
                        auipc a0, 0
                        li a2, 3
                    loop:
                        add a1, a1, a0
                        auipc a3, 0
                        xor a1, a1, a3
                        addi a2, a2, -1
                        bnez a2, loop
                        call leaf
                        xor a1, a1, ra
                        addi s4, s4, 0x100
                        jalr s4                 # the leaf's other address
                        xor a1, a1, ra
                        jr s6
                        .align 256
                    leaf:
                        auipc a0, 0
                        add a1, a1, a0
                        ret
                    """, Frames);
                tables.Map(Window, Frames, SupervisorAll);
                tables.Map(Window + 0x3000, Frames, SupervisorAll);
            });
        Assert.NotEqual(0UL, state.X("s1"));
    }

    [Fact]
    public void Code_written_through_one_address_runs_at_another()
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                lui s3, 1
                add s3, s3, s2
                li s0, 100
            round:
                jalr s3
                slli t0, s0, 20
                li t1, 0x513
                or t0, t0, t1
                sw t0, 0(s2)
                fence.i
                jalr s3
                add s1, s1, a0
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(ReturnOne, Frames);
                tables.Map(Window, Frames, V | R | W | A | D);
                tables.Map(Window + 0x1000, Frames, V | X | A);
            });
        Assert.Equal(5050UL, state.X("s1"));
    }

    [Fact]
    public void Instruction_crosses_into_a_page_that_is_missing_or_replaced()
    {
        // addi a0, zero, n across the boundary: its second half, with n, lies in one of two pages, or in none.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window + 0xff0:x}
                li s0, 120
                li s7, 0
            round:
                jalr s2
                jalr s2
                slli s1, s1, 2
                xor s1, s1, a0
                ld t0, 0(s3)            # rotate: one, other, none
                sd s4, 0(s3)
                mv s4, s5
                mv s5, t0
                sfence.vma s6
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load("addi a1, a1, 1; addi a1, a1, 2; addi a1, a1, 3; c.nop; addi a0, zero, 1; ret", Frames + 0xff0);
                Move(system, Frames + 0x1000, Frames + 0x2000);
                system.Load("addi a1, a1, 1; addi a1, a1, 2; addi a1, a1, 3; c.nop; addi a0, zero, 2; ret", Frames + 0x4ff0);
                Move(system, Frames + 0x5000, Frames + 0x3000);
                tables.Map(Window, Frames, SupervisorAll);
                system[19] = tables.Map(Window + 0x1000, Frames + 0x2000, SupervisorAll);
                system[20] = Leaf(Frames + 0x3000, SupervisorAll);
                system[21] = 0;
                system[22] = Window + 0x1000;
            },
            """
                # Not there: leave the function.
                csrr t1, mepc
                csrw mepc, ra
                addi a1, a1, 16
                j retry
            """);
        Assert.Equal(80, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void Rights_are_taken_and_given_back()
    {
        // Of one page: everything, no write, no execute, nothing, in turn; a read, a write and a call each time.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                li s0, 100
                la s11, after
                li s4, {Leaf(Frames, SupervisorAll)}
                li s5, {Leaf(Frames, SupervisorAll & ~W)}
                li s6, {Leaf(Frames, SupervisorAll & ~X)}
                li s7, {Leaf(Frames, X | V | A)}
                li s8, 0
            round:
                la s11, after_read
                ld a2, 0x80(s2)
            after_read:
                la s11, after_write
                sd s0, 0x80(s2)
            after_write:
                la s11, after
                jalr s2
            after:
                add s1, s1, a0
                ld t0, 0(s3)
                sd s4, 0(s3)
                mv s4, s5
                mv s5, s6
                mv s6, s7
                mv s7, s8
                mv s8, t0
                sfence.vma s2
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load(ReturnOne, Frames);
                system[19] = tables.Map(Window, Frames, SupervisorAll);
            });
        Assert.Equal((16 * 7) + 2, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void User_pages_open_and_close_with_sum_and_execute_only_ones_with_mxr()
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s2, 0x{Window:x}
                lui s3, 1
                add s3, s3, s2
                li s0, 120
                li s4, 0x40000          # SUM
                li s5, 0x80000          # MXR
            round:
                andi t0, s0, 1
                beqz t0, closed
                csrs sstatus, s4
                j next
            closed:
                csrc sstatus, s4
            next:
                li t1, 3
                remu t0, s0, t1
                beqz t0, unreadable
                csrs sstatus, s5
                j access
            unreadable:
                csrc sstatus, s5
            access:
                ld a0, 0(s2)
                add s1, s1, a0
                sd s0, 0(s2)
                lw a1, 8(s3)
                add s1, s1, a1
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Write64(Frames + 0x1008, 5);
                tables.Map(Window, Frames, UserAll);
                tables.Map(Window + 0x1000, Frames + 0x1000, V | X | A);
            });
        Assert.Equal(60 * 2 + 40, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void Accessed_and_dirty_bits_are_exact()
    {
        // A read, then a write to a page whose bits are clear: faults that the handler mends (Svade), 64 pages, three times.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s4, 3
            again:
                li s2, 0x{Window:x}
                mv s5, s3
                li s0, 64
            round:
                ld a0, 0(s2)
                ld t0, 0(s5)
                add s1, s1, t0
                sd s0, 8(s2)
                ld t0, 0(s5)
                xor s1, s1, t0
                sd zero, 16(s2)
                lui t1, 1
                add s2, s2, t1
                addi s5, s5, 8
                addi s0, s0, -1
                bnez s0, round
                mv s5, s3               # and clear them again
                li s0, 64
            clear:
                ld t0, 0(s5)
                andi t0, t0, -193
                sd t0, 0(s5)
                addi s5, s5, 8
                addi s0, s0, -1
                bnez s0, clear
                sfence.vma
                addi s4, s4, -1
                bnez s4, again
                j done
            """,
            (system, tables, _) =>
            {
                for (ulong i = 0; i < 64; i++)
                {
                    ulong entry = tables.Map(Window + (i << 12), Frames + (i << 12), V | R | W);
                    if (i == 0) system[19] = entry;
                }
            },
            """
                csrr t1, mtval
                srli t1, t1, 9
                andi t1, t1, 0x1f8
                add t1, t1, s3
                ld t2, 0(t1)
                ori t2, t2, 64
                li t3, 15
                bne t0, t3, accessed
                ori t2, t2, 128
            accessed:
                sd t2, 0(t1)
                csrr t1, mtval
                sfence.vma t1
                j retry
            """);
        Assert.Equal(3 * 64 * 2, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void Hardware_sets_accessed_and_dirty_bits_for_what_was_done_only()
    {
        // Each kind of access has a page of its own whose bits are clear. A load-reserved reads; what is misaligned traps before it leaves a trace.
        string[] accesses =
        [
            "ld a0, 0(s2)", "sd a0, 0(s2)", "lr.d a0, (s2)", "lr.w a0, (s2); sc.w a1, a0, (s2)", "sc.d a1, a0, (s2)", "amoadd.d a0, a1, (s2)", "addi t0, s2, 1; lr.w a0, (t0)",
            "addi t0, s2, 1; amoswap.d a0, a1, (t0)", "addi t0, s2, 1; sc.d a0, a1, (t0)", "fld fa0, 0(s2)", "fsd fa0, 0(s2)", "cbo.zero (s2)", "cbo.clean (s2)", "prefetch.w 0(s2)", "lbu zero, 5(s2)",
            "ld a0, 3(s2)", "sd a0, 3(s2)", "jalr s2",
        ];
        string body = string.Join("\n", accesses.Select(a => $"    {a}\n    lui t1, 1\n    add s2, s2, t1"));
        SupervisorProgram.Check(
            $"""
                li s0, 20
            round:
                li s2, 0x{Window:x}
            {body}
                mv s5, s3
                li t2, {accesses.Length}
            clear:
                ld t0, 0(s5)
                slli t3, s1, 5
                srli s1, s1, 59
                or s1, s1, t3
                xor s1, s1, t0
                andi t0, t0, -193
                sd t0, 0(s5)
                addi s5, s5, 8
                addi t2, t2, -1
                bnez t2, clear
                sfence.vma
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system[RiscVSlot.Menvcfg] = 0xf0 | 1UL << 61;
                for (int i = 0; i < accesses.Length; i++)
                {
                    ulong frame = Frames + ((ulong)i << 12);
                    system.Load("ret", frame);
                    ulong entry = tables.Map(Window + ((ulong)i << 12), frame, V | R | W | X);
                    if (i == 0) system[19] = entry;
                }
            });
    }

    private static void Move(GuestSystem system, ulong from, ulong to)
    {
        byte[] bytes = new byte[16];
        system.Memory.TryRead(from, bytes);
        system.Load(bytes, to);
        system.Memory.TryFill(from, 16, 0);
    }
}
