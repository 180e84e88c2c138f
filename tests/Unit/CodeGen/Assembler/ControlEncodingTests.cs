using Doppel.CodeGen.X64.Assembler;
using Iced.Intel;
using static Doppel.Tests.Unit.CodeGen.Assembler.Operands;
using Label = Doppel.CodeGen.X64.Assembler.Label;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

public sealed class ControlEncodingTests : IDisposable
{
    private readonly EncodingOracle _oracle = new();

    private X64Assembler A => _oracle.Assembler;

    public void Dispose() => _oracle.Dispose();

    [Fact]
    public void Indirect_jumps_and_calls_decode_to_themselves()
    {
        foreach (Gpr register in Gprs)
        {
            A.Jmp(register);
            _oracle.ExpectShortest($"jmp {Name(register, OperandSize.Qword)}");
            A.Call(register);
            _oracle.ExpectShortest($"call {Name(register, OperandSize.Qword)}");
        }

        foreach (MemoryOperand memory in SomeMemory)
        {
            A.Jmp(memory.Mem);
            _oracle.ExpectShortest($"jmp {memory.Name(8)}");
            A.Call(memory.Mem);
            _oracle.ExpectShortest($"call {memory.Name(8)}");
        }
    }

    [Fact]
    public void Without_operands_decode_to_themselves()
    {
        A.Ret();
        _oracle.Expect("ret");
        A.Ret(16);
        _oracle.Expect("ret 16");
        A.Ret(0xfff8);
        _oracle.Expect("ret 65528");
        foreach (int value in (ReadOnlySpan<int>)[0x1234_5678, int.MaxValue, int.MinValue, 1000, -1000])
        {
            A.Push(value);
            _oracle.Expect($"push {value}");
        }

        A.Int3();
        _oracle.Expect("int3");
        A.Ud2();
        _oracle.Expect("ud2");
        A.Mfence();
        _oracle.Expect("mfence");
        A.Pause();
        _oracle.Expect("pause");
        A.Cdq();
        _oracle.Expect("cdq");
        A.Cqo();
        _oracle.Expect("cqo");
        A.Lock();
        A.Alu(AluOp.Add, OperandSize.Qword, new Mem(Gpr.R12), Gpr.R9);
        _oracle.ExpectOfIced("lock add 8[r12+0], r9");
        A.Lock();
        A.Cmpxchg(OperandSize.Word, new Mem(Gpr.Rsp), Gpr.R9);
        _oracle.ExpectOfIced("lock cmpxchg 2[rsp+0], r9w");
    }

    [Fact]
    public void Nop_any_length_has_that_length_and_does_nothing()
    {
        for (int length = 0; length < 40; length++)
        {
            A.Reset();
            A.Nop(length);
            byte[] code = A.Code.ToArray();
            Assert.Equal(length, code.Length);
            int at = 0, count = 0;
            for (; at < length; count++)
            {
                Iced.Intel.Instruction instruction = Decoder.Create(64, code[at..]).Decode();
                Assert.Equal(Mnemonic.Nop, instruction.Mnemonic);
                at += instruction.Length;
            }

            Assert.Equal(length, at);
            Assert.Equal((length + 8) / 9, count);
        }
    }

    [Fact]
    public void Align_reaches_the_next_multiple()
    {
        for (int before = 0; before < 33; before++)
        {
            A.Reset();
            A.Nop(before);
            A.Align(16);
            Assert.Equal((before + 15) / 16 * 16, A.Position);
        }
    }

    [Fact]
    public void Jumps_forward_and_back_lead_to_their_labels()
    {
        foreach (int gap in new[] { 0, 1, 123, 124, 125, 126, 127, 128, 129, 5000, 70000 })
        {
            foreach (Cc condition in Enum.GetValues<Cc>())
            {
                ExpectJump(gap, "j" + Name(condition), l => A.Jcc(condition, l));
                ExpectJump(gap, "j" + Name(condition), l => A.JccLong(condition, l));
            }

            ExpectJump(gap, "jmp", A.Jmp);
            ExpectJump(gap, "jmp", l => A.JmpLong(l));
            ExpectJump(gap, "call", l => A.Call(l));
            if (gap > 124) continue;
            ExpectJump(gap, "jmp", A.JmpShort);
            ExpectJump(gap, "jg", l => A.JccShort(Cc.Greater, l));
        }
    }

    [Fact]
    public void Jump_to_a_near_bound_label_is_short_and_to_others_long()
    {
        Label near = A.NewLabel();
        A.Bind(near);
        A.Nop(126);
        A.Jmp(near);
        Assert.Equal(128, A.Position);
        A.Jcc(Cc.Equal, near);
        Assert.Equal(134, A.Position);
        A.Jmp(A.NewLabel());
        Assert.Equal(139, A.Position);
    }

    [Fact]
    public void Open_displacements_are_where_the_offset_says()
    {
        foreach (Func<int> emit in new[] { () => A.JmpLong(), () => A.JccLong(Cc.Below), () => A.Call() })
        {
            A.Nop(3);
            int offset = emit();
            int end = A.Position;
            A.Patch(offset, 0x12345678);
            Iced.Intel.Instruction instruction = Decoder.Create(64, A.Code[3..].ToArray()).Decode();
            Assert.Equal(end, offset + 4);
            Assert.Equal((ulong)(end - 3 + 0x12345678), instruction.NearBranch64);
            A.Reset();
        }
    }

    [Fact]
    public void Jumps_back_to_an_offset_are_short_where_they_can_be_and_lead_there()
    {
        foreach (int gap in new[] { 0, 1, 125, 126, 127, 5000 })
        {
            foreach (bool conditional in new[] { false, true })
            {
                A.Reset();
                A.Nop(7);
                int target = A.Position;
                A.Nop(gap);
                int start = A.Position;
                if (conditional) A.JccBack(Cc.Equal, target);
                else A.JmpBack(target);
                Assert.Equal(gap <= 126 ? 2 : conditional ? 6 : 5, A.Position - start);
                Decoder decoder = Decoder.Create(64, A.Code[start..].ToArray());
                Assert.Equal($"{(conditional ? "je" : "jmp")} {-gap}", DecodedText.Of(decoder.Decode()));
            }
        }
    }

    [Fact]
    public void Call_with_a_number_sets_ecx_and_calls()
    {
        int offset = A.CallWith(0x89ab_cdef);
        A.Patch(offset, 100);
        Decoder decoder = Decoder.Create(64, A.Code.ToArray());
        Assert.Equal("mov ecx, -1985229329", DecodedText.Of(decoder.Decode()));
        Iced.Intel.Instruction call = decoder.Decode();
        Assert.Equal(Mnemonic.Call, call.Mnemonic);
        Assert.Equal((ulong)A.Position + 100, call.NearBranch64);
        Assert.Equal(A.Position, offset + 4);
    }

    [Theory]
    [InlineData(4096 - 64)]
    [InlineData(4096 - 40)]
    [InlineData(4096 - 33)]
    [InlineData(4096)]
    public void Template_may_be_made_and_repeated_at_the_end_of_the_buffer(int start)
    {
        A.Nop(start);
        int jump = A.JmpLong();
        CodeTemplate code = A.CodeFrom(start, jump);
        Assert.Equal(A.Position + 1, A.Repeat(code));
        Assert.Equal([0xE9, 0, 0, 0, 0, 0xE9, 0, 0, 0, 0], A.Code[start..].ToArray());
    }

    [Fact]
    public void Code_too_long_for_a_template_is_refused()
    {
        A.Nop(CodeTemplate.Room + 1);
        Assert.Throws<InvalidOperationException>(() => A.CodeFrom(0, 0));
    }

    [Fact]
    public void Repeated_code_is_the_same_but_leads_to_the_label_given()
    {
        A.Nop(3);
        int start = A.Position;
        A.Alu(AluOp.Cmp, OperandSize.Qword, Gpr.Rax, new Mem(Gpr.Rbp, 1000));
        Label first = A.NewLabel(), second = A.NewLabel();
        int jump = A.JccLong(Cc.NotEqual, first);
        A.Not(OperandSize.Qword, Gpr.Rcx);
        CodeTemplate code = A.CodeFrom(start, jump);
        Assert.Equal((A.Position - start, jump - start), (code.Length, code.Displacement));

        // So often that the buffer has to grow.
        int repeats = 5000, end = A.Position;
        for (int i = 0; i < repeats; i++) A.Lead(A.Repeat(code), second);
        A.Bind(second);
        A.Bind(first);
        A.ResolveLabels();
        Decoder decoder = Decoder.Create(64, A.Code[start..].ToArray());
        for (int i = 0; i <= repeats; i++)
        {
            Assert.Equal("cmp rax, 8[rbp+1000]", DecodedText.Of(decoder.Decode()));
            Iced.Intel.Instruction branch = decoder.Decode();
            Assert.Equal(Mnemonic.Jne, branch.Mnemonic);
            Assert.Equal((ulong)(A.Position - start), branch.NearBranch64);
            Assert.Equal("not rcx", DecodedText.Of(decoder.Decode()));
        }

        Assert.Equal(end + repeats * code.Length, A.Position);
    }

    [Fact]
    public void Labels_at_once_are_new_whatever_had_their_numbers_before()
    {
        A.Bind(A.NewLabel());
        A.Reset();
        A.NewLabels(200);
        Assert.False(A.IsBound(new Label(0)));
        Assert.False(A.IsBound(new Label(199)));
        Assert.Equal(200, A.NewLabel().Number);
    }

    [Fact]
    public void Lea_of_a_label_gives_its_address()
    {
        Label label = A.NewLabel();
        A.Lea(Gpr.R10, label);
        int end = A.Position;
        A.Nop(100);
        A.Bind(label);
        A.Data(0x1122334455667788);
        A.ResolveLabels();
        Iced.Intel.Instruction instruction = Decoder.Create(64, A.Code.ToArray()).Decode();
        Assert.Equal("lea r10, 0[rip+100]", DecodedText.Of(instruction));
        Assert.Equal(0x1122334455667788UL, BitConverter.ToUInt64(A.Code[(end + 100)..]));
    }

    private void ExpectJump(int gap, string mnemonic, Action<Label> jump)
    {
        // Forward.
        A.Reset();
        A.Nop(7);
        Label label = A.NewLabel();
        jump(label);
        A.Nop(gap);
        A.Bind(label);
        A.ResolveLabels();
        Expect(7, A.PositionOf(label));

        // Back.
        A.Reset();
        A.Nop(7);
        label = A.NewLabel();
        A.Bind(label);
        A.Nop(gap);
        jump(label);
        A.ResolveLabels();
        Expect(7 + gap, 7);

        void Expect(int from, int to)
        {
            Iced.Intel.Instruction instruction = Decoder.Create(64, A.Code[from..].ToArray()).Decode();
            Assert.Equal($"{mnemonic} {to - from}", DecodedText.Of(instruction));
        }
    }
}
