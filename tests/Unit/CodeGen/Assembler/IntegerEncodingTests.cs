using Doppel.CodeGen.X64.Assembler;
using static Doppel.Tests.Unit.CodeGen.Assembler.Operands;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

public sealed class IntegerEncodingTests : IDisposable
{
    private readonly EncodingOracle _oracle = new();

    private delegate void Binary(OperandSize size, Gpr d, Rm s);

    private delegate void Store(OperandSize size, Rm d, Gpr s);

    private X64Assembler A => _oracle.Assembler;

    public void Dispose() => _oracle.Dispose();

    [Fact]
    public void Memory_every_operand_decodes_to_itself_and_is_shortest()
    {
        foreach (MemoryOperand memory in AllMemory)
        {
            A.Mov(OperandSize.Dword, Gpr.Rcx, memory.Mem);
            _oracle.ExpectShortest($"mov ecx, {memory.Name(4)}");
            A.Mov(OperandSize.Qword, Gpr.R15, memory.Mem);
            _oracle.ExpectShortest($"mov r15, {memory.Name(8)}");
            A.Mov(OperandSize.Byte, memory.Mem, Gpr.Rsi);
            _oracle.ExpectShortest($"mov {memory.Name(1)}, sil");
            A.Andn(OperandSize.Dword, Gpr.Rdi, Gpr.R9, memory.Mem);
            _oracle.ExpectShortest($"andn edi, r9d, {memory.Name(4)}");
            A.VArith(SseOp.Add, FloatSize.Double, Xmm.Xmm9, Xmm.Xmm3, memory.Mem);
            _oracle.ExpectShortest($"vaddsd xmm9, xmm3, {memory.Name(8)}");
        }
    }

    [Fact]
    public void Memory_rip_relative_decodes_to_itself()
    {
        foreach (int displacement in new[] { 0, 1, -1, int.MaxValue, int.MinValue })
        {
            A.Mov(OperandSize.Qword, Gpr.R9, Mem.Rip(displacement));
            _oracle.Expect($"mov r9, {DecodedText.Memory(8, "rip", null, 1, displacement)}");
            A.Logic(SseLogic.And, Xmm.Xmm9, Mem.Rip(displacement));
            _oracle.Expect($"andps xmm9, {DecodedText.Memory(16, "rip", null, 1, displacement)}");
        }
    }

    [Fact]
    public void Two_operands_decode_to_themselves()
    {
        foreach (AluOp op in Enum.GetValues<AluOp>())
        {
            TryBinary(op.ToString(), Sizes, (size, d, s) => A.Alu(op, size, d, s));
            TryStore(op.ToString(), Sizes, (size, d, s) => A.Alu(op, size, d, s));
            TryRegisters(op.ToString(), Sizes, (size, d, s) => A.Alu(op, size, d, s));
        }

        TryBinary("mov", Sizes, (size, d, s) => A.Mov(size, d, s));
        TryStore("mov", Sizes, (size, d, s) => A.Mov(size, d, s));
        TryRegisters("mov", Sizes, (size, d, s) => A.Mov(size, d, s));
        TryStore("test", Sizes, (size, d, s) => A.Test(size, d, s));
        TryRegisters("test", Sizes, (size, d, s) => A.Test(size, d, s));
        TryStore("xchg", Sizes, (size, d, s) => A.Xchg(size, d, s));
        TryStore("xadd", Sizes, (size, d, s) => A.Xadd(size, d, s));
        TryStore("cmpxchg", Sizes, (size, d, s) => A.Cmpxchg(size, d, s));
        TryBinary("imul", Sizes[1..], (size, d, s) => A.Imul(size, d, s));
        foreach (CountOp op in Enum.GetValues<CountOp>()) TryBinary(op.ToString(), Sizes[1..], (size, d, s) => A.Count(op, size, d, s));
        foreach (Cc condition in Enum.GetValues<Cc>()) TryBinary("cmov" + Name(condition), Sizes[1..], (size, d, s) => A.Cmovcc(condition, size, d, s));
        foreach (BitOp op in Enum.GetValues<BitOp>())
        {
            TryStore(op.ToString(), Sizes[1..], (size, d, s) => A.Bit(op, size, d, s));
            TryRegisters(op.ToString(), Sizes[1..], (size, d, s) => A.Bit(op, size, d, s));
        }
    }

    [Fact]
    public void Extensions_decode_to_themselves()
    {
        foreach (OperandSize from in Sizes[..2])
        {
            TryUnary(from, (s, name) =>
            {
                foreach (Gpr d in Gprs)
                {
                    A.Movzx(d, from, s);
                    _oracle.ExpectShortest($"movzx {Name(d, OperandSize.Dword)}, {name}");
                    foreach (OperandSize to in WideSizes)
                    {
                        A.Movsx(to, d, from, s);
                        _oracle.ExpectShortest($"movsx {Name(d, to)}, {name}");
                    }
                }
            });
        }

        TryUnary(OperandSize.Dword, (s, name) =>
        {
            A.Movzx(Gpr.R8, OperandSize.Dword, s);
            _oracle.ExpectShortest($"mov r8d, {name}");
            A.Movsx(OperandSize.Qword, Gpr.R8, OperandSize.Dword, s);
            _oracle.ExpectShortest($"movsxd r8, {name}");
            A.Movsxd(Gpr.Rbx, s);
            _oracle.ExpectShortest($"movsxd rbx, {name}");
        });
    }

    [Fact]
    public void Fillings_decode_to_themselves()
    {
        (Filling Filling, OperandSize From, OperandSize To, string Mnemonic)[] fillings =
        [
            (Filling.Qword, OperandSize.Qword, OperandSize.Qword, "mov"),
            (Filling.ZeroDword, OperandSize.Dword, OperandSize.Dword, "mov"),
            (Filling.SignDword, OperandSize.Dword, OperandSize.Qword, "movsxd"),
            (Filling.ZeroWord, OperandSize.Word, OperandSize.Dword, "movzx"),
            (Filling.SignWord, OperandSize.Word, OperandSize.Qword, "movsx"),
            (Filling.ZeroByte, OperandSize.Byte, OperandSize.Dword, "movzx"),
            (Filling.SignByte, OperandSize.Byte, OperandSize.Qword, "movsx"),
        ];
        foreach ((Filling filling, OperandSize from, OperandSize to, string mnemonic) in fillings)
        {
            TryUnary(from, (s, name) =>
            {
                foreach (Gpr d in Gprs)
                {
                    A.MovFilled(filling, d, s);
                    _oracle.ExpectShortest($"{mnemonic} {Name(d, to)}, {name}");
                }
            });
        }
    }

    [Fact]
    public void Constants_decode_to_themselves()
    {
        foreach (OperandSize size in Sizes)
        {
            foreach (int constant in Constants.Where(c => size >= OperandSize.Dword || c == Narrow(c, size)))
            {
                TryUnary(size, (d, name) =>
                {
                    A.MovImm(size, d, constant);
                    _oracle.ExpectShortest($"mov {name}, {constant}");
                    A.Test(size, d, constant);
                    _oracle.ExpectShortest($"test {name}, {constant}");
                    foreach (AluOp op in Enum.GetValues<AluOp>())
                    {
                        A.Alu(op, size, d, constant);
                        _oracle.ExpectShortest($"{op} {name}, {constant}".ToLowerInvariant());
                    }

                    if (size == OperandSize.Byte) return;
                    A.Imul(size, Gpr.R11, d, constant);
                    _oracle.ExpectShortest($"imul {Name(Gpr.R11, size)}, {name}, {constant}");
                });
            }
        }
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(-1, 7)]
    [InlineData(int.MinValue, 7)]
    [InlineData(uint.MaxValue, 5)]
    [InlineData(1L << 32, 10)]
    [InlineData(long.MinValue, 10)]
    [InlineData(long.MaxValue, 10)]
    [InlineData(int.MinValue - 1L, 10)]
    public void MovConstant_gives_the_value_in_the_shortest_way(long value, int length)
    {
        foreach (Gpr d in Gprs)
        {
            A.MovConstant(d, value);
            Assert.Equal(length + (length == 5 && d >= Gpr.R8 ? 1 : 0), A.Position);
            bool dword = length == 5;
            _oracle.Expect($"mov {Name(d, dword ? OperandSize.Dword : OperandSize.Qword)}, {(dword ? (int)value : value)}");
        }
    }

    [Fact]
    public void One_operand_decodes_to_itself()
    {
        foreach (OperandSize size in Sizes)
        {
            TryUnary(size, (d, name) =>
            {
                foreach (UnaryOp op in Enum.GetValues<UnaryOp>())
                {
                    A.Unary(op, size, d);
                    _oracle.ExpectShortest($"{op} {name}".ToLowerInvariant());
                }

                A.Inc(size, d);
                _oracle.ExpectShortest($"inc {name}");
                A.Dec(size, d);
                _oracle.ExpectShortest($"dec {name}");
                foreach (ShiftOp op in Enum.GetValues<ShiftOp>())
                {
                    A.ShiftCl(op, size, d);
                    _oracle.ExpectShortest($"{op} {name}, cl".ToLowerInvariant());
                    foreach (int count in new[] { 0, 1, 7, 31, 63 })
                    {
                        A.Shift(op, size, d, count);
                        _oracle.ExpectShortest($"{op} {name}, {count}".ToLowerInvariant());
                    }
                }

                if (size == OperandSize.Byte) return;
                foreach (BitOp op in Enum.GetValues<BitOp>())
                {
                    A.Bit(op, size, d, 15);
                    _oracle.ExpectShortest($"{op} {name}, 15".ToLowerInvariant());
                }
            });
        }

        TryUnary(OperandSize.Byte, (d, name) =>
        {
            foreach (Cc condition in Enum.GetValues<Cc>())
            {
                A.Setcc(condition, d);
                _oracle.ExpectShortest($"set{Name(condition)} {name}");
            }
        });
    }

    [Fact]
    public void Lea_bswap_push_and_pop_decode_to_themselves()
    {
        foreach (Gpr d in Gprs)
        {
            foreach (OperandSize size in WideSizes)
            {
                A.Bswap(size, d);
                _oracle.Expect($"bswap {Name(d, size)}");
                foreach (MemoryOperand memory in SomeMemory)
                {
                    A.Lea(size, d, memory.Mem);
                    _oracle.ExpectShortest($"lea {Name(d, size)}, {memory.Name(0)}");
                }
            }

            A.Push(d);
            _oracle.ExpectShortest($"push {Name(d, OperandSize.Qword)}");
            A.Pop(d);
            _oracle.ExpectShortest($"pop {Name(d, OperandSize.Qword)}");
        }
    }

    [Fact]
    public void Bmi_decodes_to_itself()
    {
        foreach (OperandSize size in WideSizes)
        {
            foreach (Gpr d in Gprs)
            {
                TryUnary(size, (s, name) =>
                {
                    foreach (Gpr count in Gprs)
                    {
                        foreach (ShiftxOp op in Enum.GetValues<ShiftxOp>())
                        {
                            A.Shiftx(op, size, d, s, count);
                            _oracle.ExpectShortest($"{op} {Name(d, size)}, {name}, {Name(count, size)}".ToLowerInvariant());
                        }

                        A.Andn(size, d, count, s);
                        _oracle.ExpectShortest($"andn {Name(d, size)}, {Name(count, size)}, {name}");
                        A.Mulx(size, d, count, s);
                        _oracle.ExpectShortest($"mulx {Name(d, size)}, {Name(count, size)}, {name}");
                    }

                    A.Rorx(size, d, s, 31);
                    _oracle.ExpectShortest($"rorx {Name(d, size)}, {name}, 31");
                });
            }
        }
    }

    private void TryBinary(string mnemonic, OperandSize[] sizes, Binary emit)
    {
        mnemonic = mnemonic.ToLowerInvariant();
        foreach (OperandSize size in sizes)
        {
            foreach (Gpr d in Gprs)
            {
                TryUnary(size, (s, name) =>
                {
                    emit(size, d, s);
                    _oracle.ExpectShortest($"{mnemonic} {Name(d, size)}, {name}");
                });
            }
        }
    }

    private void TryStore(string mnemonic, OperandSize[] sizes, Store emit)
    {
        mnemonic = mnemonic.ToLowerInvariant();
        foreach (OperandSize size in sizes)
        {
            foreach (Gpr s in Gprs)
            {
                TryUnary(size, (d, name) =>
                {
                    emit(size, d, s);
                    _oracle.ExpectShortest($"{mnemonic} {name}, {Name(s, size)}");
                });
            }
        }
    }

    private void TryRegisters(string mnemonic, OperandSize[] sizes, Action<OperandSize, Gpr, Gpr> emit)
    {
        mnemonic = mnemonic.ToLowerInvariant();
        foreach (OperandSize size in sizes)
        {
            foreach (Gpr d in Gprs)
            {
                foreach (Gpr s in Gprs)
                {
                    emit(size, d, s);
                    _oracle.ExpectShortest($"{mnemonic} {Name(d, size)}, {Name(s, size)}");
                }
            }
        }
    }

    /// <summary>All registers and some memory, with their names.</summary>
    private static void TryUnary(OperandSize size, Action<Rm, string> emit)
    {
        foreach (Gpr register in Gprs) emit(register, Name(register, size));
        foreach (MemoryOperand memory in SomeMemory) emit(memory.Mem, memory.Name(Bytes(size)));
    }
}
