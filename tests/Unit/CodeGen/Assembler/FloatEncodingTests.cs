using Doppel.CodeGen.X64.Assembler;
using static Doppel.Tests.Unit.CodeGen.Assembler.Operands;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

public sealed class FloatEncodingTests : IDisposable
{
    /// <summary>Around what one byte counts in units of 4 and of 8 bytes.</summary>
    private static readonly MemoryOperand[] Scaled =
    [
        .. from displacement in new[] { 4, 8, 12, 508, 512, 513, 1016, 1020, 1024, -512, -516, -1024, -1032, 6, int.MaxValue, int.MinValue }
           select new MemoryOperand(Gpr.Rbp, null, 1, displacement),
        new(Gpr.R13, Gpr.R14, 8, 1016),
    ];

    private readonly EncodingOracle _oracle = new();

    private X64Assembler A => _oracle.Assembler;

    public void Dispose() => _oracle.Dispose();

    [Fact]
    public void Scalar_arithmetic_decodes_to_itself()
    {
        foreach (FloatSize size in FloatSizes)
        {
            string suffix = Suffix(size);
            Try(Bytes(size), (d, s, name) =>
            {
                foreach (SseOp op in Enum.GetValues<SseOp>())
                {
                    A.Arith(op, size, d, s);
                    Expect($"{op}{suffix} {Name(d)}, {name}");
                }

                A.Comis(size, d, s);
                Expect($"comi{suffix} {Name(d)}, {name}");
                A.Ucomis(size, d, s);
                Expect($"ucomi{suffix} {Name(d)}, {name}");
                A.Round(size, d, s, 12);
                Expect($"round{suffix} {Name(d)}, {name}, 12");
                A.ConvertFloat(size, d, s);
                string from = size == FloatSize.Double ? "ss" : "sd";
                Expect($"cvt{from}2{suffix} {Name(d)}, {(s.IsRegister ? name : Resized(name, size == FloatSize.Double ? 4 : 8))}");
            });
        }
    }

    [Fact]
    public void Compare_decodes_to_itself()
    {
        // Capstone names the predicate in the mnemonic: sizes of operands are compared with Iced alone.
        foreach (FloatSize size in FloatSizes)
        {
            foreach (SseCompare predicate in Enum.GetValues<SseCompare>())
            {
                A.Compare(predicate, size, Xmm.Xmm9, Xmm.Xmm2);
                _oracle.ExpectOfIced($"cmp{Suffix(size)} xmm9, xmm2, {(int)predicate}");
                A.VCompare(predicate, size, Xmm.Xmm9, Xmm.Xmm2, Xmm.Xmm12);
                _oracle.ExpectOfIced($"vcmp{Suffix(size)} xmm9, xmm2, xmm12, {(int)predicate}");
            }
        }
    }

    [Fact]
    public void Moves_decode_to_themselves()
    {
        Try(16, (d, s, name) =>
        {
            A.Movaps(d, s);
            Expect($"movaps {Name(d)}, {name}");
            A.Movups(d, s);
            Expect($"movups {Name(d)}, {name}");
        });
        Try(8, (d, s, name) =>
        {
            A.Movq(d, s);
            Expect($"movq {Name(d)}, {name}");
            A.MovScalar(FloatSize.Double, d, s);
            Expect($"movsd {Name(d)}, {name}");
        });
        Try(4, (d, s, name) =>
        {
            A.MovScalar(FloatSize.Single, d, s);
            Expect($"movss {Name(d)}, {name}");
        });
        foreach (Xmm s in Xmms)
        {
            foreach (MemoryOperand memory in SomeMemory)
            {
                A.Movaps(memory.Mem, s);
                Expect($"movaps {memory.Name(16)}, {Name(s)}");
                A.Movups(memory.Mem, s);
                Expect($"movups {memory.Name(16)}, {Name(s)}");
                A.Movq(memory.Mem, s);
                Expect($"movq {memory.Name(8)}, {Name(s)}");
                A.VMovups256(memory.Mem, s);
                Expect($"vmovups {memory.Name(32)}, y{Name(s)[1..]}");
                A.MovScalar(FloatSize.Single, memory.Mem, s);
                Expect($"movss {memory.Name(4)}, {Name(s)}");
                A.MovScalar(FloatSize.Double, memory.Mem, s);
                Expect($"movsd {memory.Name(8)}, {Name(s)}");
            }
        }
    }

    [Fact]
    public void Between_integer_and_vector_registers_decodes_to_itself()
    {
        foreach (Xmm xmm in Xmms)
        {
            foreach (OperandSize size in WideSizes)
            {
                string move = size == OperandSize.Qword ? "movq" : "movd";
                foreach ((Rm rm, string name) in Integers(size))
                {
                    A.MovToXmm(size, xmm, rm);
                    Expect($"{move} {Name(xmm)}, {name}");
                    A.MovFromXmm(size, rm, xmm);
                    Expect($"{move} {name}, {Name(xmm)}");
                    foreach (FloatSize floatSize in FloatSizes)
                    {
                        A.ConvertFromInteger(floatSize, xmm, size, rm);
                        Expect($"cvtsi2{Suffix(floatSize)} {Name(xmm)}, {name}");
                        A.VConvertFromInteger(floatSize, xmm, Xmm.Xmm11, size, rm);
                        Expect($"vcvtsi2{Suffix(floatSize)} {Name(xmm)}, xmm11, {name}");
                        A.VConvertFromUnsigned(floatSize, xmm, Xmm.Xmm11, size, rm);
                        Expect($"vcvtusi2{Suffix(floatSize)} {Name(xmm)}, xmm11, {name}");
                    }
                }

                foreach (FloatSize floatSize in FloatSizes)
                {
                    foreach (Gpr gpr in Gprs)
                    {
                        A.ConvertToInteger(floatSize, size, gpr, xmm);
                        Expect($"cvt{Suffix(floatSize)}2si {Name(gpr, size)}, {Name(xmm)}");
                        A.TruncateToInteger(floatSize, size, gpr, xmm);
                        Expect($"cvtt{Suffix(floatSize)}2si {Name(gpr, size)}, {Name(xmm)}");
                        foreach ((XmmRm rm, string name) in Floats(xmm, floatSize))
                        {
                            A.VConvertToUnsigned(floatSize, size, gpr, rm);
                            Expect($"vcvt{Suffix(floatSize)}2usi {Name(gpr, size)}, {name}");
                            A.VTruncateToUnsigned(floatSize, size, gpr, rm);
                            Expect($"vcvtt{Suffix(floatSize)}2usi {Name(gpr, size)}, {name}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Vectors_decode_to_themselves()
    {
        Try(16, (d, s, name) =>
        {
            foreach (SseLogic op in Enum.GetValues<SseLogic>())
            {
                string mnemonic = op == SseLogic.AndNot ? "andnps" : $"{op}ps";
                A.Logic(op, d, s);
                Expect($"{mnemonic} {Name(d)}, {name}");
                A.VLogic(op, d, Xmm.Xmm8, s);
                Expect($"v{mnemonic} {Name(d)}, xmm8, {name}");
            }

            foreach (SseInteger op in Enum.GetValues<SseInteger>())
            {
                A.Vector(op, d, s);
                Expect($"{op} {Name(d)}, {name}");
                A.VVector(op, d, Xmm.Xmm7, s);
                Expect($"v{op} {Name(d)}, xmm7, {name}");
            }

            A.Pshufd(d, s, 0x1B);
            Expect($"pshufd {Name(d)}, {name}, 27");
            A.Blendps(d, s, 5);
            Expect($"blendps {Name(d)}, {name}, 5");
            A.Pclmulqdq(d, s, 0x11);
            Expect($"pclmulqdq {Name(d)}, {name}, 17");
            A.VBlendvps(d, Xmm.Xmm1, s, Xmm.Xmm13);
            Expect($"vblendvps {Name(d)}, xmm1, {name}, xmm13");
        });
        foreach (Xmm d in Xmms)
        {
            A.Psllq(d, 63);
            Expect($"psllq {Name(d)}, 63");
            A.Psrlq(d, 1);
            Expect($"psrlq {Name(d)}, 1");
            A.Pslld(d, 31);
            Expect($"pslld {Name(d)}, 31");
            A.Psrld(d, 3);
            Expect($"psrld {Name(d)}, 3");
            A.Psrad(d, 7);
            Expect($"psrad {Name(d)}, 7");
        }
    }

    [Fact]
    public void Three_operands_decode_to_themselves()
    {
        foreach (FloatSize size in FloatSizes)
        {
            string suffix = Suffix(size);
            Try(Bytes(size), (d, s, name) =>
            {
                foreach (Xmm a in new[] { Xmm.Xmm0, Xmm.Xmm7, Xmm.Xmm8, Xmm.Xmm15 })
                {
                    foreach (SseOp op in Enum.GetValues<SseOp>())
                    {
                        A.VArith(op, size, d, a, s);
                        Expect($"v{op}{suffix} {Name(d)}, {Name(a)}, {name}");
                    }

                    foreach (FmaOp op in Enum.GetValues<FmaOp>())
                    {
                        foreach (FmaOrder order in Enum.GetValues<FmaOrder>())
                        {
                            A.Fma(op, order, size, d, a, s);
                            string mnemonic = op switch { FmaOp.Madd => "vfmadd", FmaOp.Msub => "vfmsub", FmaOp.Nmadd => "vfnmadd", _ => "vfnmsub" };
                            Expect($"{mnemonic}{order.ToString()[1..]}{suffix} {Name(d)}, {Name(a)}, {name}");
                        }
                    }

                    string from = size == FloatSize.Double ? "ss" : "sd";
                    A.VConvertFloat(size, d, a, s);
                    Expect($"vcvt{from}2{suffix} {Name(d)}, {Name(a)}, {(s.IsRegister ? name : Resized(name, size == FloatSize.Double ? 4 : 8))}");
                    if (!s.IsRegister) continue;
                    A.VMovScalar(size, d, a, s.Register);
                    Expect($"vmov{suffix} {Name(d)}, {Name(a)}, {name}");
                }
            });
        }
    }

    [Fact]
    public void Control_word_decodes_to_itself()
    {
        foreach (MemoryOperand memory in SomeMemory)
        {
            A.Ldmxcsr(memory.Mem);
            Expect($"ldmxcsr {memory.Name(4)}");
            A.Stmxcsr(memory.Mem);
            Expect($"stmxcsr {memory.Name(4)}");
        }
    }

    private static IEnumerable<(Rm Rm, string Name)> Integers(OperandSize size) =>
        Gprs.Select(g => ((Rm)g, Name(g, size))).Concat(SomeMemory.Select(m => ((Rm)m.Mem, m.Name(Bytes(size)))));

    /// <summary>The register, and memory with displacements that are multiples of the operand's size and that are not.</summary>
    private static IEnumerable<(XmmRm Rm, string Name)> Floats(Xmm register, FloatSize size)
    {
        yield return (register, Name(register));
        if (register != Xmm.Xmm0) yield break;
        foreach (MemoryOperand memory in SomeMemory.Concat(Scaled)) yield return (memory.Mem, memory.Name(Bytes(size)));
    }

    private static string Resized(string memory, int size) => size + memory[memory.IndexOf('[')..];

    private static void Try(int size, Action<Xmm, XmmRm, string> emit)
    {
        foreach (Xmm d in Xmms)
        {
            foreach (Xmm s in Xmms) emit(d, s, Name(s));
            foreach (MemoryOperand memory in SomeMemory) emit(d, memory.Mem, memory.Name(size));
        }
    }

    private void Expect(string text) => _oracle.ExpectShortest(text.ToLowerInvariant());
}
