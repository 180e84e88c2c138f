using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;
using Doppel.Tests.Conformance.User;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Programs to be interrupted anywhere, and the handler that they run under in machine mode: it writes all registers to memory at every trap, takes an interrupt back, goes on
/// behind an instruction that faults, and waits when the program ends with <c>ecall</c> and a7 64.
/// </summary>
internal static class SweepPrograms
{
    /// <summary>Where the handler is, behind all programs.</summary>
    public const ulong Handler = GuestSystem.Base + 0x10_0000;

    /// <summary>What the handler writes, <see cref="EntryBytes"/> for each trap.</summary>
    public const ulong Log = Handler + 0x1000;

    public const int EntryBytes = 64 * 8 + 64;

    /// <summary>Where in an entry mepc and mcause are, behind the registers x1 to x31 and f0 to f31.</summary>
    public const int EpcOffset = 64 * 8, CauseOffset = EpcOffset + 8;

    private const int Blocks = 8;

    /// <summary>By what they are made of. Every line is an instruction, or an instruction with its label.</summary>
    public static IReadOnlyDictionary<string, string> Texts { get; } = new Dictionary<string, string>
    {
        ["straight"] = """
            li s0, 0x1234567
            li s1, -77
            add a0, s0, s1
            c.add a0, s0
            mul a1, a0, s1
            divu a2, a1, s0
            remw a3, a1, s1
            slt a4, a3, a2
            sh3add a5, a0, a1
            auipc a6, 1
            c.addi s0, 7
            xor a7, a6, s0
            sra t3, a1, s0
            li a7, 64
            ecall
            """,
        ["loops"] = """
            li s0, 3
            outer: li s1, 2
            inner: addi a0, a0, 1
            call function
            addi s1, s1, -1
            bnez s1, inner
            la t3, next
            jr t3
            next: addi s0, s0, -1
            bnez s0, outer
            li a7, 64
            ecall
            function: add a1, a1, a0
            j back
            back: ret
            """,
        ["a loop that overwrites what it leaves"] = """
            li s0, 4
            li s1, 77
            round: slli t0, s1, 3
            srli t1, s1, 2
            addi s0, s0, -1
            xor s1, s1, t0
            add s1, s1, t1
            or t0, s1, s0
            sub t1, t0, s0
            and t2, t0, s1
            bnez s0, round
            li a7, 64
            ecall
            """,
        ["memory"] = """
            li s0, 0x80008ff0
            li s1, 0x1122334455667788
            li s3, 2
            round: sd s1, 0(s0)
            sw s1, 9(s0)
            ld a0, 8(s0)
            sd a0, 12(s0)
            lbu a1, 3(s0)
            lh a2, 15(s0)
            sb a1, 16(s0)
            ld a3, 0(s0)
            ld a4, 8(s0)
            sd a3, 24(s0)
            sd a4, 32(s0)
            lui s2, 0x10000
            lw a5, 4(s2)
            sw a5, 16(s2)
            cbo.zero (s0)
            ld a6, 0(s0)
            addi s3, s3, -1
            bnez s3, round
            li a7, 64
            ecall
            """,
        ["floating point"] = """
            li s0, 3
            fcvt.d.w fa0, s0
            li s1, 10
            fcvt.d.w fa1, s1
            fdiv.d fa2, fa0, fa1
            round: fmadd.d fa3, fa2, fa1, fa0
            fsqrt.d fa4, fa3
            frflags a0
            fsflags zero
            fcvt.s.d fa5, fa4
            fadd.s fa6, fa5, fa5
            fclass.s a3, fa6
            flt.d a1, fa2, fa3
            fcvt.w.d a2, fa4, rtz
            fsd fa4, -8(sp)
            addi s0, s0, -1
            bnez s0, round
            li a7, 64
            ecall
            """,
        ["atomics"] = """
            li s0, 0x80008000
            li s1, 5
            round: amoadd.d a0, s1, (s0)
            amoswap.w a1, a0, (s0)
            amomaxu.d zero, s1, (s0)
            again: lr.d a2, (s0)
            addi a2, a2, 1
            sc.d a3, a2, (s0)
            bnez a3, again
            fence rw, rw
            lr.w a4, (s0)
            sd a4, 0(s0)
            sc.w a5, s1, (s0)
            addi s1, s1, -1
            bnez s1, round
            li a7, 64
            ecall
            """,
        ["faults"] = """
            li s0, 3
            round: ld a0, 0(zero)
            addi a1, a1, 1
            sd a1, -1(zero)
            ecall
            ebreak
            li s1, 0x80008003
            amoadd.w a2, a1, (s1)
            lr.d a3, (s1)
            csrr a4, 0x5a5
            csrw sscratch, t5
            csrr t6, sscratch
            fence.i
            sfence.vma
            addi s0, s0, -1
            bnez s0, round
            li a7, 64
            ecall
            """,
    };

    /// <summary>Random blocks of all extensions, once through.</summary>
    public static byte[] Random(int seed)
    {
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(UserProgramTests.HasBlocks)];
        return new RandomProgram(seed, Blocks, new InstructionChoice(rows, _ => false, _ => false)).Assemble().Bytes;
    }

    /// <summary>Puts the machine to the start of a program.</summary>
    public static void Start(GuestSystem system, ReadOnlySpan<byte> program)
    {
        system.Load(program, GuestSystem.Base);
        system.Load(HandlerCode, Handler);
        system.Memory.TryFill(GuestSystem.Base + 0x8000, 0x2000, 0);
        system.Load(program, GuestSystem.Base);
        system.Restart(GuestSystem.Base);
        system[RiscVSlot.Mtvec] = Handler;
        system[RiscVSlot.Mscratch] = Log;
        system[RiscVSlot.Mie] = (1 << 3) | (1 << 1); // MSIE, SSIE
        system[RiscVSlot.Mstatus] |= 1 << 3; // MIE
        system[2] = GuestSystem.Base + 0x9800;
    }

    private static byte[] HandlerCode { get; } = Assembler.Assemble($"""
            csrrw t6, mscratch, t6
            {string.Join("; ", Enumerable.Range(1, 30).Select(x => $"sd {RegisterNames.X[x]}, {8 * x}(t6)"))}
            csrr t0, mscratch
            sd t0, {8 * 31}(t6)
            {string.Join("; ", Enumerable.Range(0, 32).Select(f => $"fsd {RegisterNames.F[f]}, {8 * (32 + f)}(t6)"))}
            csrr t0, mepc
            sd t0, {EpcOffset}(t6)
            csrr t0, mcause
            sd t0, {CauseOffset}(t6)
            csrr t0, mstatus
            sd t0, {CauseOffset + 8}(t6)
            csrr t0, fcsr
            sd t0, {CauseOffset + 16}(t6)
            csrr t0, mcause
            bltz t0, interrupt
            addi t1, t0, -11
            bnez t1, skip
            addi t1, a7, -64
            beqz t1, end
        skip:
            csrr t0, mepc
            lhu t1, 0(t0)
            andi t1, t1, 3
            addi t1, t1, -3
            addi t0, t0, 2
            bnez t1, short
            addi t0, t0, 2
        short:
            csrw mepc, t0
            j out
        interrupt:
            csrci mip, 2
            lui t0, 0x10000
            sd zero, 0(t0)              # lowers the line
        out:
            ld t0, {8 * 5}(t6)
            ld t1, {8 * 6}(t6)
            addi t6, t6, {EntryBytes}
            csrrw t6, mscratch, t6
            mret
        end:
            csrw mie, zero
            wfi
            j end
        """.Replace("\r", ""), Handler);
}
