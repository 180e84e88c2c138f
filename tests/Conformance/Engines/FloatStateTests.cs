// Privileged Architecture 1.13, section 3.1.6.6 (mstatus.FS); F and D 2.2.
namespace Doppel.Tests.Conformance.Engines;

/// <summary>mstatus.FS, rounding modes and exception flags where engines keep them elsewhere.</summary>
public sealed class FloatStateTests
{
    private static readonly string[] Touches =
    [
        "fadd.d fa0, fa0, fa1", "fld fa2, 0(s2)", "fsd fa2, 8(s2)", "fmv.x.d a0, fa0", "fmv.d.x fa3, a0", "feq.d a0, fa0, fa1", "fcvt.w.d a0, fa0, rtz", "fcvt.d.w fa4, a0",
        "csrr a0, fflags", "csrw fflags, zero", "csrr a0, frm", "csrwi frm, 2", "fclass.d a0, fa0", "fsgnj.d fa5, fa0, fa1", "fsw fa0, 16(s2)", "flw fa6, 4(s2)",
        "fmin.d fa0, fa1, fa2", "fmadd.d fa0, fa1, fa2, fa3", "fdiv.d fa0, fa1, fa1", "fsqrt.s fa0, fa1", "fli.d fa7, 1.0", "c.fldsp fa0, 0(sp)", "fcvt.s.d ft0, fa1",
    ];

    [Fact]
    public void State_is_off_initial_clean_and_dirty_by_turns()
    {
        // The state before each instruction is another one each round; off traps, and the handler sets clean. What each has become is summed up.
        string body = string.Join("\n", Touches.Select((touch, i) =>
            $"""
                csrc mstatus, s3
                and t0, s4, s3
                csrs mstatus, t0
                {touch}
                csrr t1, mstatus
                and t1, t1, s5
                slli s1, s1, 3
                srli t2, s1, 61
                add s1, s1, t2
                xor s1, s1, t1
                li t0, 0x2000
                add s4, s4, t0
            """));
        NoDiff.Check(
            $"""
                la t0, handler
                csrw mtvec, t0
                la s2, data
                mv sp, s2
                li s3, 0x6000
                li s5, 0x8000000000006000
                li s0, 40
            round:
                {body}
                addi s0, s0, -1
                beqz s0, finish
                j round
            finish:
                csrs mstatus, s3
                wfi
                .align 4
            handler:
                addi s6, s6, 1
                csrr t0, mtval
                xor s7, s7, t0
                li t0, 0x4000
                csrs mstatus, t0
                mret
                .align 8
            data:
                .dword 0x3ff8000000000000, 0x7ff0000000000000, 0
            """);
    }

    [Fact]
    public void Rounding_changes_by_register_and_instruction()
    {
        // 1/3, √2, conversions and sums that round differently, in every mode, static and dynamic; reserved modes are illegal.
        string[] operations = ["fdiv.d fa2, fa0, fa1", "fsqrt.d fa2, fa1", "fadd.s fa2, fs0, fs1", "fcvt.s.d fa2, fa1", "fcvt.d.l fa2, s2", "fcvt.w.d a0, fa3", "fmul.s fa2, fs0, fs1", "fmadd.d fa2, fa0, fa1, fa3", "fcvt.lu.s a0, fs1", "fcvt.s.lu fa2, s2", "fnmsub.s fa2, fs0, fs1, fs1", "fround.d fa2, fa3"];
        string[] modes = ["", ", rne", ", rtz", ", rdn", ", rup", ", rmm", ", dyn"];
        string body = string.Join("\n", operations.SelectMany(o => modes.Select(m =>
            $"    {o}{m}\n    fmv.x.d t0, {(o.Contains(" a0", StringComparison.Ordinal) ? "fa3" : "fa2")}\n    add t0, t0, a0\n    slli t1, s1, 7\n    srli s1, s1, 57\n    or s1, s1, t1\n    xor s1, s1, t0")));
        NoDiff.Check(
            $"""
                la t0, handler
                csrw mtvec, t0
                la t0, data
                fld fa0, 0(t0)
                fld fa1, 8(t0)
                fld fa3, 16(t0)
                flw fs0, 24(t0)
                flw fs1, 28(t0)
                ld s2, 32(t0)
                li s0, 24
            round:
                andi t0, s0, 7
                csrw frm, t0
                {body}
                csrr t0, fflags
                slli t1, s3, 5
                srli s3, s3, 59
                or s3, s3, t1
                xor s3, s3, t0
                andi t0, s0, 8
                beqz t0, keep
                csrw fflags, zero
            keep:
                addi s0, s0, -1
                beqz s0, finish
                j round
            finish:
                wfi
                .align 4
            handler:
                addi s6, s6, 1
                csrr t0, mepc
                add s7, s7, t0
                addi t0, t0, 4
                csrw mepc, t0
                mret
                .align 8
            data:
                .dword 0x3ff0000000000000, 0x4008000000000000, 0xc00c000000000000, 0x3f8000013dcccccd, 0x7fffffffffffff01
            """);
    }

    [Fact]
    public void Flags_of_each_operation_are_seen_at_once_and_add_up()
    {
        // Each exception by itself, read by csrrw, csrrs, csrrc of fflags and fcsr, with traps between.
        NoDiff.Check(
            """
                la t0, handler
                csrw mtvec, t0
                la t0, data
                fld fa0, 0(t0)              # 1
                fld fa1, 8(t0)              # 3
                fld fa2, 16(t0)             # greatest
                fld fa3, 24(t0)             # smallest normal
                fmv.d.x fa4, zero
                li s0, 60
            round:
                fdiv.d fa5, fa0, fa1        # inexact
                csrrw s2, fflags, zero
                fdiv.d fa5, fa0, fa4        # division by zero
                ebreak
                csrrci s3, fflags, 8
                fadd.d fa5, fa2, fa2        # overflow
                csrr s4, fcsr
                fmul.d fa5, fa3, fa3        # underflow
                ecall
                csrrci s5, fcsr, 0x1f
                fsqrt.d fa5, fa0
                fsub.d fa6, fa4, fa0
                fsqrt.d fa5, fa6            # invalid
                csrrsi s6, fflags, 1
                feq.d t1, fa5, fa5
                flt.d t1, fa5, fa5          # invalid
                csrr s7, fflags
                fcvt.w.d t2, fa2            # invalid
                fcvt.wu.s t3, fa0
                csrrwi s8, fflags, 2
                slli s1, s1, 1
                xor s1, s1, s2
                xor s1, s1, s3
                slli s1, s1, 1
                xor s1, s1, s4
                xor s1, s1, s5
                slli s1, s1, 1
                xor s1, s1, s6
                xor s1, s1, s7
                xor s1, s1, s8
                srli t0, s1, 60
                add s1, s1, t0
                addi s0, s0, -1
                bnez s0, round
                wfi
                .align 4
            handler:
                csrr t0, fflags
                add s9, s9, t0
                csrr t0, mepc
                addi t0, t0, 4
                csrw mepc, t0
                mret
                .align 8
            data:
                .dword 0x3ff0000000000000, 0x4008000000000000, 0x7fefffffffffffff, 0x0010000000000000
            """);
    }
}
