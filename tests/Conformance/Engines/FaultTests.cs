using Doppel.RiscV.Hart;
using static Doppel.Tests.Conformance.Engines.PageTables;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Exceptions at every instruction of blocks and loops: cause, address and value of each, and the registers at that moment.</summary>
public sealed class FaultTests
{
    private const ulong Window = SupervisorProgram.Window;
    private const ulong Frames = SupervisorProgram.Frames;

    /// <summary>A loop whose accesses each go to a page of their own, by every width and kind. a4 points to the first page, s7 counts them.</summary>
    private static readonly string[] Accesses =
    [
        "lb t0, 1(a4)", "lbu t0, 0x7ff(a4)", "lh t0, 2(a4)", "lhu t0, 6(a4)", "lw t0, 4(a4)", "lwu t0, 8(a4)", "ld t0, 16(a4)", "c.ld a2, 0(a4)", "c.lw a2, 4(a4)",
        "sb a0, 1(a4)", "sh a0, 2(a4)", "sw a0, 4(a4)", "sd a0, 8(a4)", "c.sd a0, 16(a4)", "c.sw a0, 24(a4)",
        "flw fa0, 4(a4)", "fld fa0, 8(a4)", "flh fa0, 2(a4)", "fsw fa1, 4(a4)", "fsd fa1, 8(a4)", "fsh fa1, 2(a4)", "c.fld fa2, 0(a4)", "c.fsd fa2, 8(a4)",
        "amoadd.w t0, a0, (a4)", "amoswap.d t0, a0, (a4)", "amomaxu.d t0, a0, (a4)", "lr.w t0, (a4); sc.w t1, a0, (a4)", "lr.d t0, (a4); sc.d t1, a0, (a4)",
        "ld a4, 0(a4); add a4, a4, s8", "ld t0, 0x7fd(a4)", "sd a0, 0x7f9(a4)", "lh t0, 0x7ff(a4)", "lbu zero, 0(a4)", "cbo.zero (a4)",
    ];

    [Theory]
    [InlineData("sfence.vma t1")]
    [InlineData("nop")] // Svvptc: what has become valid needs no fence
    public void Every_access_of_a_loop_may_find_its_page_missing(string fence)
    {
        // Round i makes page i missing; the handler puts it back and the access is repeated.
        int count = Accesses.Length;
        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, {count}
                li s8, 0x{Window:x}
                li s10, {count}
                mv s3, s4
                li a0, 77
                li a1, 5
            round:
                ld s5, 0(s3)
                sd zero, 0(s3)
                sfence.vma
                mv a4, s8
                {Block("lui t2, 1; add a4, a4, t2")}
                addi s3, s3, 8
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) => MapAll(system, tables, Accesses.Length),
            $"""
                sd s5, 0(s3)
                csrr t1, mtval
                {fence}
                j retry
            """);
        Assert.InRange(SupervisorProgram.Traps(state), count, count + 4);
    }

    [Fact]
    public void Every_access_of_a_loop_may_be_without_right_and_is_skipped()
    {
        // Pages are read-only, write-only does not exist, then nothing: each round all accesses that are not allowed trap.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, 40
                li s8, 0x{Window:x}
                li a0, 77
                li a1, 5
            round:
                mv a4, s8
                {Block("lui t2, 1; add a4, a4, t2")}
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                for (int i = 0; i < Accesses.Length; i++)
                {
                    ulong flags = (i % 3) switch { 0 => V | R | A, 1 => V | R | W | A | D, _ => 0 };
                    tables.Map(Window + ((ulong)i << 12), Frames + ((ulong)i << 12), flags);
                }
            });
        Assert.True(SupervisorProgram.Traps(state) > 400);
    }

    [Fact]
    public void Accesses_across_pages_report_the_page_that_fails()
    {
        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, 30
                li s2, 0x{Window + 0x1000:x}
                li a0, -3
            round:
                ld a1, -4(s2)           # the second page is missing
                sd a0, -1(s2)
                lw a2, -2(s2)
                sh a0, -1(s2)
                addi a0, a0, 7
                lui t0, 2
                add t1, s2, t0
                ld a3, -5(t1)           # the first page is missing
                sw a0, -3(t1)
                fld fa0, -4(t1)
                fsd fa0, -4(s2)
                ld t2, -8(s2)           # both are there
                sd a0, -16(s2)
                add s1, s1, a1
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (_, tables, _) =>
            {
                tables.Map(Window, Frames, V | R | W | A | D);
                tables.Map(Window + 0x3000, Frames + 0x1000, V | R | W | A | D);
            });
        Assert.Equal(30 * 8, SupervisorProgram.Traps(state));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Accesses_through_one_register_fault_each_for_itself(int seed)
    {
        // Bursts of loads and stores of all widths around a few bases that lie at and near the borders of pages, of which some are missing and some read-only;
        // the bases move between bursts, and one is loaded through itself.
        var random = new Random(seed);
        string[] bases = ["s2", "s3", "sp", "a4"];
        string[] loads = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"], stores = ["sb", "sh", "sw", "sd"];
        var body = new System.Text.StringBuilder();
        for (int burst = 0; burst < 60; burst++)
        {
            string based = bases[random.Next(bases.Length)];
            int center = random.Next(-1500, 1500);
            for (int i = random.Next(2, 9); i > 0; i--)
            {
                int offset = center + random.Next(-40, 40);
                if (random.Next(4) != 0) offset &= -8;
                if (random.Next(12) == 0) offset = random.Next(-2048, 2040);
                bool store = random.Next(2) == 0;
                string register = random.Next(3) switch { 0 => "a2", 1 => "a3", _ => "t0" };
                body.AppendLine($"    {(store ? stores[random.Next(4)] : loads[random.Next(7)])} {register}, {offset}({based})");
                if (random.Next(3) == 0) body.AppendLine("    add a0, a0, a2\n    xor a1, a1, a3");
                if (random.Next(12) == 0) body.AppendLine($"    addi {based}, {based}, {random.Next(-64, 64) * 8}");
                if (random.Next(16) == 0) body.AppendLine($"    ld {based}, {offset & -8}(s4)\n    andi {based}, {based}, 0x7f8\n    add {based}, {based}, s4");
                if (random.Next(16) == 0) body.AppendLine($"    bltz a0, over{burst}_{i}\n    addi a2, a2, 9\nover{burst}_{i}:");
            }
        }

        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, 40
                li s4, 0x{Window + 0x4000:x}
            round:
                slli t0, s0, 7
                addi s2, s4, 0x7f8
                add s2, s2, t0
                lui t1, 1
                sub s3, s4, t1
                sub s3, s3, t0
                addi sp, s4, -8
                slli t0, s0, 5
                add a4, s4, t0
                add a2, a2, s0
            {body}
                addi s0, s0, -1
                beqz s0, finish
                j round
            finish:
                j done
            """,
            (_, tables, _) =>
            {
                for (int page = 0; page < 8; page++)
                {
                    ulong flags = ((page + seed) % 8) switch { 1 => 0, 3 => V | R | A, 6 => V | R | A, _ => V | R | W | A | D };
                    if (page == 4) flags = V | R | W | A | D;
                    tables.Map(Window + ((ulong)page << 12), Frames + ((ulong)page << 12), flags);
                }
            });
        Assert.True(SupervisorProgram.Traps(state) > 100);
    }

    [Fact]
    public void Device_is_accessed_in_order_and_once()
    {
        // Every width, in a loop, between accesses to memory; what a device cannot do is an access fault.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, 20
                li s2, 0x{Window:x}
                la s3, data
                li a0, 0x1234567
            round:
                lb a1, 0(s2)
                sd a1, 0(s3)
                lbu a2, 1(s2)
                lh a3, 2(s2)
                add s1, s1, a3
                lhu a4, 4(s2)
                lw a5, 8(s2)
                sb a5, 16(s2)
                lwu a6, 12(s2)
                ld a7, 16(s2)
                add s1, s1, a7
                sh a7, 18(s2)
                sw a7, 20(s2)
                sd a7, 24(s2)
                flw fa0, 4(s2)
                fsw fa0, 4(s2)
                fld fa1, 8(s2)
                fsd fa1, 8(s2)
                ld a1, 0(s3)
                ld a2, 4(s2)            # misaligned: no
                amoadd.w a2, a0, (s2)   # atomic: no
                lr.d a2, (s2)
                sd a2, 0x7fc(s2)
                lbu zero, 3(s2)         # read although nobody wants it
                addi s0, s0, -1
                bnez s0, round
                j done
                .align 8
            data:
                .dword 0
            """,
            (_, tables, _) => tables.Map(Window, GuestSystem.DeviceAddress, V | R | W | A | D));
        Assert.Equal(20 * 16, state.Accesses.Count);
    }

    [Fact]
    public void Memory_that_does_not_exist_faults_behind_a_mapping() => SupervisorProgram.Check(
        $"""
            li s0, 20
            li s2, 0x{Window:x}
        round:
            ld a0, 0(s2)
            addi a1, a1, 1
            sd a0, 8(s2)
            addi a1, a1, 1
            amoadd.d a0, a1, (s2)
            la s11, back
            jr s2
        back:
            li s11, 0
            addi s0, s0, -1
            bnez s0, round
            j done
        """,
        (_, tables, _) => tables.Map(Window, 0x3000_0000, SupervisorAll));

    [Fact]
    public void Illegal_words_calls_and_breakpoints_interrupt_loops()
    {
        EngineState state = SupervisorProgram.Check(
            """
                li s0, 50
            round:
                addi a0, a0, 3
                .word 0xffffffff
                addi a1, a1, 5
                .half 0
                xor a2, a0, a1
                ebreak
                add a3, a3, a2
                c.ebreak
                slli a0, a0, 1
                csrr a2, mscratch
                csrw mtvec, a2
                csrw cycle, a2
                mret
                .word 0x02b50533        # legal: mul
                andi t0, s0, 3
                beqz t0, round_end
                .word 0x0000000b
            round_end:
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (_, _, _) => { });
        Assert.Equal((50 * 8) + 38, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void Protection_ends_within_a_page()
    {
        // U-mode may read all, write below the middle of one page and execute below the middle of another.
        EngineState state = SupervisorProgram.Check(
            $"""
                li s0, 30
                li s2, 0x{Window:x}
                li s3, 0x{Window + 0x17f4:x}
            round:
                lui t0, 1
                addi t0, t0, -2048
                add t0, t0, s2          # the border
                sd s0, -8(t0)
                ld a0, -8(t0)
                sd s0, 0(t0)
                ld a1, 0(t0)
                sd s0, -4(t0)           # across
                sw s0, -4(t0)
                amoadd.w a2, s0, (t0)
                add s1, s1, a0
                la s11, back
                jalr s3
            back:
                li s11, 0
                addi s0, s0, -1
                bnez s0, round
                j done
            """,
            (system, tables, _) =>
            {
                system.Load("addi a3, a3, 1; addi a3, a3, 2; addi a3, a3, 4; addi a3, a3, 8; ret", Frames + 0x17f4);
                tables.Map(Window, Frames, SupervisorAll);
                tables.Map(Window + 0x1000, Frames + 0x1000, SupervisorAll);
                const ulong Tor = 1 << 3, Napot = 3 << 3, Read = 1, Write = 2, Execute = 4;
                (ulong Config, ulong End)[] entries =
                [
                    (0, Frames), (Tor | Read | Write, Frames + 0x800), (Tor | Read, Frames + 0x1000), (Tor | Read | Execute, Frames + 0x1800), (Tor | Read, Frames + 0x2000),
                ];
                ulong config = 0;
                for (int i = 0; i < entries.Length; i++)
                {
                    config |= entries[i].Config << (8 * i);
                    system[(byte)(RiscVSlot.Pmpaddr + i)] = entries[i].End >> 2;
                }

                system[(byte)(RiscVSlot.Pmpaddr + 5)] = (1UL << 54) - 1;
                system[RiscVSlot.Pmpcfg] = config | (Napot | Read | Write | Execute) << 40;
            });
        Assert.Equal(30 * 4, SupervisorProgram.Traps(state));
    }

    [Fact]
    public void Null_and_wild_jumps_report_their_target() => SupervisorProgram.Check(
        $"""
            li s0, 25
            la s11, back
            li s2, 0x{Window:x}
            li s3, -2
            li s4, 0x4000000000000000
        round:
            jr zero
        back:
            addi a0, a0, 1
            la s11, second
            jalr s2
        second:
            add a1, a1, ra
            la s11, third
            jalr s3
        third:
            la s11, fourth
            jalr s4
        fourth:
            la s11, fifth
            jalr a2, 0x7ff(s2)
        fifth:
            la s11, back
            addi s0, s0, -1
            bnez s0, round
            j done
        """,
        (_, _, _) => { });

    private static string Block(string step) => string.Join("\n", Accesses.Select(a => $"    {a}\n    addi a1, a1, 3\n    xor a3, a3, a1\n    {step}"));

    private static void MapAll(GuestSystem system, PageTables tables, int count)
    {
        for (int i = 0; i < count; i++)
        {
            ulong frame = Frames + ((ulong)i << 12);
            for (int offset = 0; offset < 4096; offset += 8) system.Write64(frame + (ulong)offset, (ulong)(i * 0x0101_0101_0101) + (ulong)offset);

            // Pointer chasing goes on where it was.
            system.Write64(frame, (ulong)i << 12);
            ulong entry = tables.Map(Window + ((ulong)i << 12), frame, V | R | W | A | D);
            if (i == 0) system[20] = entry;
        }
    }
}
