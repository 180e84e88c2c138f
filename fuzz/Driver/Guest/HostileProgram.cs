using System.Globalization;
using System.Text;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Fuzz.Guest;

/// <summary>
/// A bare-metal program for M-mode that does what no sane guest does, for ever, on every hart: random accesses of random widths to all devices, random CSR
/// instructions, virtio rings full of garbage, page tables of garbage, atomics on devices, random instructions, random interrupts.
/// </summary>
/// <remarks>
/// Each hart has a page of its own with the state of its generator, so that after any trap it starts again from there: the trap handler needs no register. The data
/// that devices and page walks are pointed at is a mebibyte which all harts scribble over. A hart may still lose its way; the machine then serves as a
/// target for the others, and the next run begins anew.
/// </remarks>
internal static class HostileProgram
{
    public const ulong Origin = 0x8000_0000;

    /// <summary>Per hart 4 KiB: the generator's state, the number of rounds, and from 0x100 on the instruction that is made up.</summary>
    public const ulong HartArea = 0x8008_0000;

    private const ulong Scribble = 0x8010_0000;

    // Weights of what a round does.
    private static readonly (string Action, int Weight)[] Actions =
    [
        ("known", 14), ("anywhere", 8), ("csr", 12), ("scribble", 8), ("bringup", 5), ("notify", 5), ("atomic", 3), ("paged", 3), ("fence", 1), ("sleep", 1),
        ("lower", 2), ("instruction", 2),
    ];

    public static byte[] Assemble(ulong seed)
    {
        ulong[] registers = [.. Registers()];
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(r => r.Length == 4)];
        int[] csrs = [.. KnownCsrs()];
        var text = new StringBuilder(Text);
        text.Replace("@SEED", Hex(seed * 2 + 1))
            .Replace("@REGISTERS", registers.Length.ToString(CultureInfo.InvariantCulture))
            .Replace("@ROWS", rows.Length.ToString(CultureInfo.InvariantCulture))
            .Replace("@CSRS", csrs.Length.ToString(CultureInfo.InvariantCulture))
            .Replace("@AREA", Hex(HartArea))
            .Replace("@SCRIBBLE", Hex(Scribble));
        string[] actions = [.. Actions.SelectMany(a => Enumerable.Repeat(a.Action, a.Weight))];
        if (actions.Length != 64) throw new InvalidOperationException("The weights must sum up to 64.");
        text.AppendLine("actions:");
        foreach (string action in actions) text.AppendLine($".dword {action}");
        text.AppendLine("registers:");
        foreach (ulong register in registers) text.AppendLine($".dword {Hex(register)}");
        text.AppendLine("rows:");
        foreach (InstructionRow row in rows) text.AppendLine($".word {Hex(row.Match)}, {Hex(~row.Mask)}");
        text.AppendLine("csrs:");
        foreach (int csr in csrs) text.AppendLine($".word {Hex((ulong)csr)}");
        return Assembler.Assemble(text.ToString(), Origin);
    }

    private static string Hex(ulong value) => $"0x{value:x}";

    private static string Hex(uint value) => $"0x{value:x}";

    /// <summary>Registers that do something, in all devices; offsets as the specifications have them, not as our code does.</summary>
    private static IEnumerable<ulong> Registers()
    {
        yield return 0x10_0000;
        for (ulong offset = 0; offset < 0x28; offset += 4) yield return 0x10_1000 + offset;
        for (ulong hart = 0; hart < 5; hart++)
        {
            yield return 0x200_0000 + 4 * hart;
            yield return 0x200_4000 + 8 * hart;
        }

        yield return 0x200_bff8;
        yield return 0x200_bffc;
        for (ulong source = 0; source < 12; source++) yield return 0xc00_0000 + 4 * source;
        yield return 0xc00_1000;
        for (ulong context = 0; context < 9; context++)
        {
            yield return 0xc00_2000 + 0x80 * context;
            yield return 0xc20_0000 + 0x1000 * context;
            yield return 0xc20_0004 + 0x1000 * context;
        }

        for (ulong offset = 0; offset < 8; offset++) yield return 0x1000_0000 + offset;
        for (ulong slot = 0; slot < 5; slot++)
        {
            foreach (ulong offset in (ulong[])
                [0x0, 0x8, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x38, 0x44, 0x50, 0x50, 0x60, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xb0, 0xc0, 0xfc, 0x100, 0x108, 0x120, 0x13c])
            {
                yield return 0x1000_1000 + 0x1000 * slot + offset;
            }
        }
    }

    private static IEnumerable<int> KnownCsrs() =>
    [
        0x001, 0x002, 0x003, 0xc00, 0xc01, 0xc02, 0xc05, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180, 0x300, 0x301, 0x302, 0x303, 0x304, 0x306,
        0x30a, 0x320, 0x323, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3b0, 0x3b1, 0x3bf, 0x7a0, 0x7a1, 0xb00, 0xb02, 0xb03, 0xf11, 0xf14, 0x180, 0x180, 0x30a, 0x300,
    ];

    // s0 generator, s1 this hart's page, s2 scribbled memory, s3 multiplier. a0 is a new random number after rng, a1 one with a meaning after value.
    private const string Text = """
        start:
            csrrs t0, mhartid, x0
            slli t0, t0, 12
            li s1, @AREA
            add s1, s1, t0
            li s2, @SCRIBBLE
            li s3, 0x2545f4914f6cdd1d
            ld s0, 0(s1)
            bnez s0, seeded
            li s0, @SEED
            add s0, s0, t0
            ori s0, s0, 1
        seeded:
            # Not again what has just trapped.
            jal rng
            li t0, 0x2000
            csrrs x0, mstatus, t0
        loop:
            sd s0, 0(s1)
            ld t0, 8(s1)
            addi t0, t0, 1
            sd t0, 8(s1)
            la t0, trap
            csrrw x0, mtvec, t0
            jal rng
            srli t0, a0, 58
            la t1, actions
            sh3add t1, t0, t1
            ld t1, 0(t1)
            jalr x0, 0(t1)

            .align 4
        trap:
            csrrw x0, mie, x0
            li t0, 0x20000
            csrrc x0, mstatus, t0
            j start

        rng:
            slli a0, s0, 13
            xor s0, s0, a0
            srli a0, s0, 7
            xor s0, s0, a0
            slli a0, s0, 17
            xor s0, s0, a0
            mul a0, s0, s3
            rori a0, a0, 23
            ret

        # A value that may mean something: anything, small, a bit, memory, a descriptor's or a page table's entry.
        value:
            mv s10, ra
            jal rng
            mv a1, a0
            jal rng
            andi t0, a0, 7
            srli t1, a0, 8
            beqz t0, value_done
            addi t0, t0, -1
            beqz t0, value_small
            addi t0, t0, -1
            beqz t0, value_bit
            addi t0, t0, -1
            beqz t0, value_page
            addi t0, t0, -1
            beqz t0, value_byte
            addi t0, t0, -1
            beqz t0, value_entry
            addi t0, t0, -1
            beqz t0, value_zero
            zext.w a1, a1
            jalr x0, 0(s10)
        value_small:
            andi a1, a1, 15
            jalr x0, 0(s10)
        value_bit:
            li t0, 1
            sll a1, t0, a1
            jalr x0, 0(s10)
        value_page:
            li t0, 0xff000
            and a1, a1, t0
            or a1, a1, s2
            jalr x0, 0(s10)
        value_byte:
            andi a1, a1, 255
            jalr x0, 0(s10)
        value_entry:
            li t0, 0xff000
            and t0, a1, t0
            or t0, t0, s2
            srli t0, t0, 2
            andi t1, t1, 0xff
            ori t1, t1, 1
            or a1, t0, t1
            jalr x0, 0(s10)
        value_zero:
            li a1, 0
        value_done:
            jalr x0, 0(s10)

        # a2: one of the known registers.
        pick:
            mv s9, ra
            jal rng
            li t0, @REGISTERS
            remu t0, a0, t0
            la t1, registers
            sh3add t1, t0, t1
            ld a2, 0(t1)
            jalr x0, 0(s9)

        # An access of a random kind to a2 with a1.
        access:
            mv s9, ra
            jal rng
            srli t0, a0, 60
            la t1, access_table
            sh3add t1, t0, t1
            jalr x0, 0(t1)
        access_table:
            lb a3, 0(a2)
            jalr x0, 0(s9)
            lh a3, 0(a2)
            jalr x0, 0(s9)
            lw a3, 0(a2)
            jalr x0, 0(s9)
            ld a3, 0(a2)
            jalr x0, 0(s9)
            lbu a3, 0(a2)
            jalr x0, 0(s9)
            lhu a3, 0(a2)
            jalr x0, 0(s9)
            lwu a3, 0(a2)
            jalr x0, 0(s9)
            lw a3, 0(a2)
            jalr x0, 0(s9)
            sb a1, 0(a2)
            jalr x0, 0(s9)
            sh a1, 0(a2)
            jalr x0, 0(s9)
            sw a1, 0(a2)
            jalr x0, 0(s9)
            sd a1, 0(a2)
            jalr x0, 0(s9)
            sw a1, 0(a2)
            jalr x0, 0(s9)
            sw a1, 0(a2)
            jalr x0, 0(s9)
            sb a1, 0(a2)
            jalr x0, 0(s9)
            sw a1, 0(a2)
            jalr x0, 0(s9)

        known:
            jal pick
            jal value
            jal access
            j loop

        anywhere:
            jal pick
            jal rng
            andi t1, a0, 7
            srli t0, a0, 48
            bnez t1, near
            slli t0, a0, 3
        near:
            add a2, a2, t0
            jal value
            jal access
            j loop

        csr:
            jal rng
            srli a2, a0, 52
            slli t0, a0, 13
            bltz t0, any_csr
            li t1, @CSRS
            remu t0, a2, t1
            la t1, csrs
            sh2add t1, t0, t1
            lwu a2, 0(t1)
        any_csr:
            jal value
            mv a4, a1
            jal rng
            srli t0, a2, 4
            li t1, 0x3a
            bne t0, t1, no_pmpcfg
            # A lock would end the program; it comes now and then only.
            srli t0, a0, 44
            beqz t0, no_pmpcfg
            li t0, 0x7f7f7f7f7f7f7f7f
            and a4, a4, t0
        no_pmpcfg:
            # csrr* a3, csr, a4
            andi t0, a0, 7
            slli t0, t0, 12
            slli a2, a2, 20
            or t0, t0, a2
            li t1, 0x706f3
            or t0, t0, t1
            j run

        # Runs the instruction in t0.
        run:
            sw t0, 0x100(s1)
            li t0, 0x8067
            sw t0, 0x104(s1)
            fence.i
            addi t0, s1, 0x100
            jalr ra, 0(t0)
            la t0, trap
            csrrw x0, mtvec, t0
            li t0, 0x20000
            csrrc x0, mstatus, t0
            j start

        instruction:
            jal timer
            jal rng
            li t0, @ROWS
            remu t0, a0, t0
            la t1, rows
            sh3add t1, t0, t1
            lwu t2, 0(t1)
            lwu t3, 4(t1)
            jal rng
            and a0, a0, t3
            or t0, a0, t2
            mv a4, s2
            mv a5, s2
            j run

        # The machine timer, soon.
        timer:
            csrrs t0, mhartid, x0
            slli t0, t0, 3
            li t1, 0x2004000
            add t1, t1, t0
            li t0, 0x200bff8
            ld t0, 0(t0)
            addi t0, t0, 1000
            sd t0, 0(t1)
            li t0, 0x80
            csrrs x0, mie, t0
            ret

        scribble:
            li s4, 16
        scribble_more:
            jal value
            jal rng
            slli t0, a0, 44
            srli t0, t0, 44
            add a2, s2, t0
            andi a2, a2, -8
            sd a1, 0(a2)
            addi s4, s4, -1
            bnez s4, scribble_more
            j loop

        # A virtio device set up as a driver does, with features, sizes and ring contents by chance. s5: its registers.
        bringup:
            jal rng
            srli t0, a0, 62
            li s5, 0x10001000
            slli t0, t0, 12
            add s5, s5, t0
            sw x0, 0x70(s5)
            li t0, 3
            sw t0, 0x70(s5)
            sw x0, 0x14(s5)
            lwu t1, 0x10(s5)
            jal rng
            mv t2, a0
            jal rng
            or t2, t2, a0
            and t1, t1, t2
            sw x0, 0x24(s5)
            sw t1, 0x20(s5)
            li t0, 1
            sw t0, 0x14(s5)
            lwu t1, 0x10(s5)
            jal rng
            ori a0, a0, 1
            and t1, t1, a0
            li t0, 1
            sw t0, 0x24(s5)
            sw t1, 0x20(s5)
            li t0, 11
            sw t0, 0x70(s5)
            li s4, 6
        bringup_queue:
            addi s4, s4, -1
            sw s4, 0x30(s5)
            jal rng
            srli t0, a0, 61
            li t1, 1
            sll t1, t1, t0
            sw t1, 0x38(s5)
            # Rings in the first 64 KiB of the scribbled memory, so that they meet each other.
            jal rng
            slli t0, a0, 48
            srli t0, t0, 48
            andi t0, t0, -16
            add t0, t0, s2
            sw t0, 0x80(s5)
            sw x0, 0x84(s5)
            addi t1, t0, 0x400
            sw t1, 0x90(s5)
            sw x0, 0x94(s5)
            addi t1, t0, 0x600
            sw t1, 0xa0(s5)
            sw x0, 0xa4(s5)
            li t1, 1
            sw t1, 0x44(s5)
            # Descriptors: address, length, flags, next.
            li s6, 8
            mv s7, t0
        bringup_descriptor:
            jal value
            zext.w a1, a1
            li t0, 0xfffff
            and t0, a1, t0
            add t0, t0, s2
            sd t0, 0(s7)
            jal rng
            srli t0, a0, 59
            srl t0, a0, t0
            jal rng
            andi t1, a0, 1
            beqz t1, long_one
            andi t0, t0, 0x3ff
        long_one:
            sw t0, 8(s7)
            srli t1, a0, 8
            andi t1, t1, 3
            sh t1, 12(s7)
            srli t1, a0, 12
            andi t1, t1, 7
            sh t1, 14(s7)
            addi s7, s7, 16
            addi s6, s6, -1
            bnez s6, bringup_descriptor
            sd x0, 0x3c0(s7)
            sd x0, 0x380(s7)
            li t0, 4
            sh t0, 0x382(s7)
            bnez s4, bringup_queue
            li t0, 15
            sw t0, 0x70(s5)
            sw x0, 0x50(s5)
            li t0, 1
            sw t0, 0x50(s5)
            j loop

        notify:
            jal rng
            srli t0, a0, 62
            li s5, 0x10001000
            slli t0, t0, 12
            add s5, s5, t0
            # A few more buffers in some ring.
            slli t0, a0, 48
            srli t0, t0, 48
            andi t0, t0, -16
            add t0, t0, s2
            lhu t1, 0x402(t0)
            srli t2, a0, 50
            andi t2, t2, 3
            add t1, t1, t2
            sh t1, 0x402(t0)
            srli t0, a0, 40
            andi t0, t0, 7
            sw t0, 0x50(s5)
            lwu t0, 0x60(s5)
            sw t0, 0x64(s5)
            j loop

        atomic:
            jal pick
            jal rng
            srli t0, a0, 61
            bnez t0, atomic_ram
            j atomic_go
        atomic_ram:
            slli t0, a0, 44
            srli t0, t0, 44
            add a2, s2, t0
        atomic_go:
            jal value
            lr.d a3, (a2)
            sc.d a3, a1, (a2)
            amoadd.w a3, a1, (a2)
            lr.w a3, (a2)
            sc.w a3, a1, (a2)
            amomaxu.d a3, a1, (a2)
            sc.d a3, a1, (a2)
            j loop

        fence:
            jal value
            sfence.vma a1, x0
            sfence.vma
            fence.i
            ld a3, -1(x0)
            j loop

        sleep:
            jal timer
            jal rng
            bltz a0, sleep_now
            csrrsi x0, mstatus, 8
        sleep_now:
            wfi
            csrrci x0, mstatus, 8
            j loop

        # Loads and stores in M-mode through garbage page tables.
        paged:
            jal page_tables
            jal value
            mv a4, a1
            jal rng
            li t0, 0xc0000
            and t0, t0, a0
            li t1, 0x20000
            or t0, t0, t1
            andi t1, a0, 1
            slli t1, t1, 11
            or t0, t0, t1
            li t2, 0xe1800
            csrrc x0, mstatus, t2
            csrrs x0, mstatus, t0
            ld a3, 0(a4)
            sd a3, 0(a4)
            sw a3, -2(a4)
            ld a3, -7(x0)
            ld a3, -1(x0)
            lr.w a3, (a4)
            cbo.zero (a4)
            li t2, 0x20000
            csrrc x0, mstatus, t2
            j loop

        # satp with a root in the scribbled memory, which gets some entries that lead somewhere.
        page_tables:
            mv s8, ra
            jal rng
            srli t0, a0, 62
            addi t0, t0, 8
            slli t0, t0, 60
            srli t1, a0, 10
            andi t1, t1, 0x7f
            slli t1, t1, 44
            or t0, t0, t1
            li t1, 0xf000
            and t1, a0, t1
            or t1, t1, s2
            srli t2, t1, 12
            or t0, t0, t2
            csrrw x0, satp, t0
            # A gigabyte of RAM where it is, so that code can run below M-mode.
            li t2, 0x200000ef
            andi t0, a0, 16
            or t2, t2, t0
            sd t2, 16(t1)
            jal value
            jal rng
            srli t0, a0, 55
            sh3add t1, t0, t1
            sd a1, 0(t1)
            srli t0, a0, 40
            andi t0, t0, 1
            beqz t0, no_sfence
            sfence.vma
        no_sfence:
            jalr x0, 0(s8)

        # Out of M-mode: any trap comes back.
        lower:
            jal page_tables
            jal timer
            li t0, -1
            csrrw x0, 0x3b0, t0
            li t0, 0x1f
            csrrw x0, 0x3a0, t0
            jal value
            mv a4, a1
            jal pick
            jal rng
            li t0, 0x1800
            csrrc x0, mstatus, t0
            andi t1, a0, 1
            slli t1, t1, 11
            csrrs x0, mstatus, t1
            la t0, below
            csrrw x0, mepc, t0
            csrrw x0, medeleg, x0
            csrrw x0, mideleg, x0
            mret
        below:
            csrrw a3, sscratch, a4
            csrrw a3, sstatus, a4
            csrrw a3, stvec, a4
            csrrw a3, sie, a4
            csrrw a3, sip, a4
            csrrw a3, stimecmp, a4
            csrrw a3, senvcfg, a4
            sfence.vma a4, x0
            ld a3, 0(a2)
            ecall
            j below

        """;
}
