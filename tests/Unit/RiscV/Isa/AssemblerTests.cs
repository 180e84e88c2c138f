using System.Buffers.Binary;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Unit.RiscV.Isa;

public sealed class AssemblerTests
{
    public static TheoryData<string> Mnemonics => new(InstructionTable.Rows.Where(r => r.Op != Op.Illegal).Select(r => r.Mnemonic));

    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Row_disassembled_exactly_assembles_to_the_same_word(string mnemonic)
    {
        const ulong Pc = 0x8000_0000;
        InstructionRow row = InstructionTable.Find(mnemonic)!;
        var random = new Random(11);
        for (int i = 0; i < 50; i++)
        {
            uint free = ~row.Mask & (row.IsCompressed ? 0xffffu : uint.MaxValue);
            uint word = row.Match | ((uint)random.NextInt64(1L << 32) & free);
            if (row.Op == Op.Fence) word &= 0x0ff0000f;
            if (row.Op == Op.FenceI) word = row.Match;
            if (Decoder.Full.Find(word) != row || (row.IsRounded && (word >> 12 & 7) is 5 or 6)) continue;
            string text = Disassembler.FormatExact(word, Pc);
            byte[] bytes = Assembler.Assemble(text, Pc);
            Assert.Equal(row.Length, bytes.Length);
            uint again = row.IsCompressed ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            if (Decoder.Full.Decode(word) != Decoder.Full.Decode(again)) Assert.Fail($"{word:x8} '{text}' became {again:x8}");
        }
    }

    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Row_disassembled_with_pseudo_instructions_assembles_to_the_same_instruction(string mnemonic)
    {
        const ulong Pc = 0x8000_0000;
        InstructionRow row = InstructionTable.Find(mnemonic)!;
        var random = new Random(12);
        for (int i = 0; i < 100; i++)
        {
            uint free = ~row.Mask & (row.IsCompressed ? 0xffffu : uint.MaxValue);
            // Many zeroes, so that pseudo-instructions occur.
            uint word = row.Match | ((uint)random.NextInt64(1L << 32) & (uint)random.NextInt64(1L << 32) & (uint)random.NextInt64(1L << 32) & free);
            if (row.Op == Op.Fence) word &= 0x0ff0000f;
            if (Decoder.Full.Find(word) != row || (row.IsRounded && (word >> 12 & 7) is 5 or 6)) continue;
            Instruction expected = Decoder.Full.Decode(word);
            string text = Disassembler.Format(word, Pc);
            Instruction actual = Decoder.Full.Decode(BinaryPrimitives.ReadUInt32LittleEndian([.. Assembler.Assemble(text, Pc), 0, 0]));
            if (expected.Op == Op.Add && actual.Op == Op.Addi && expected.Rs1 == 0) continue; // mv has two encodings
            if (Disassembler.Format(actual, Pc) != text) Assert.Fail($"{word:x8} '{text}' became '{Disassembler.Format(actual, Pc)}'");
            Assert.Equal(expected with { Length = actual.Length }, actual);
        }
    }

    [Theory]
    [InlineData("nop", 0x00000013u)]
    [InlineData("addi a0, a1, 5", 0x00558513u)]
    [InlineData("lw a0, -4(sp)", 0xffc12503u)]
    [InlineData("lr.w.aq t0, (a0)", 0x140522afu)]
    [InlineData("amoadd.d.aqrl a0, a1, (a2)", 0x06b6352fu)]
    [InlineData("fadd.s fa0, fa1, fa2", 0x00c5f553u)]
    [InlineData("fadd.d fa0, fa1, fa2, rtz", 0x02c59553u)]
    [InlineData("fmadd.d fa0, fa1, fa2, fa3, rne", 0x6ac58543u)]
    [InlineData("csrw mstatus, a0", 0x30051073u)]
    [InlineData("csrrwi a0, 0x7c0, 3", 0x7c01d573u)]
    [InlineData("fence rw, w", 0x0310000fu)]
    [InlineData("fence", 0x0ff0000fu)]
    [InlineData("ret", 0x00008067u)]
    [InlineData("sfence.vma", 0x12000073u)]
    [InlineData("fli.d fa0, 0.5", 0xf2160553u)]
    [InlineData("cbo.zero (a0)", 0x0045200fu)]
    public void Statement_assembles_to_its_word(string statement, uint word) =>
        Assert.Equal(word, BinaryPrimitives.ReadUInt32LittleEndian(Assembler.Assemble(statement)));

    [Fact]
    public void Labels_resolve_forwards_and_backwards()
    {
        ProgramBuilder program = Assembler.Parse(
            """
            start:  la a0, data       # two instructions
            loop:   addi a1, a1, -1
                    bnez a1, loop
                    beq a1, a2, end; j start
            end:    ebreak
                    .align 8
            data:   .dword start, 0x123456789abcdef0
                    .byte 1, 2
            """,
            0x1000);
        byte[] image = program.Build();
        string[] lines = [.. Disassembler.List(image.AsMemory(0, 28), 0x1000).Select(l => l.Text)];
        Assert.Equal(["auipc a0,0x0", "addi a0,a0,32", "addi a1,a1,-1", "bnez a1,0x1008", "beq a1,a2,0x1018", "j 0x1000", "ebreak"], lines);
        Assert.Equal(0x1020u, program.AddressOf("data"));
        Assert.Equal(0x1000u, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(0x20)));
        Assert.Equal(0x123456789abcdef0u, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(0x28)));
        Assert.Equal(0x32, image.Length);
    }

    [Theory]
    [InlineData("addi a0, a1, 2048")]
    [InlineData("addi a0, fa1, 1")]
    [InlineData("fadd.s a0, fa1, fa2")]
    [InlineData("frobnicate a0")]
    [InlineData("addi a0, a1")]
    [InlineData("addi a0, a1, 1, 2")]
    [InlineData("slli a0, a1, 64")]
    [InlineData("csrw nosuch, a0")]
    [InlineData("beq a0, a1, 0x1001")]
    [InlineData(".frob 1")]
    public void Statement_with_an_error_names_its_line(string statement)
    {
        var e = Assert.Throws<AssemblyException>(() => Assembler.Assemble("nop\n" + statement));
        Assert.Equal(2, e.Line);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(-1L)]
    [InlineData(2047L)]
    [InlineData(2048L)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    [InlineData(0x80000000L)]
    [InlineData(0xffffffffL)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(0x123456789abcdef0L)]
    [InlineData(0x7ffffffffffff800L)]
    [InlineData(unchecked((long)0xfffffffffffff800))]
    [InlineData(0x0000000100000000L)]
    public void LoadImmediate_loads_the_constant(long value)
    {
        byte[] code = new ProgramBuilder(0).LoadImmediate(10, (ulong)value).Build();
        long register = 0x5555;
        for (int i = 0; i < code.Length; i += 4)
        {
            Instruction instruction = Decoder.Full.Decode(BinaryPrimitives.ReadUInt32LittleEndian(code.AsSpan(i)));
            long source = instruction.Rs1 == 0 ? 0 : register;
            register = instruction.Op switch
            {
                Op.Lui => instruction.Imm,
                Op.Addi => unchecked(source + instruction.Imm),
                Op.Addiw => (int)unchecked(source + instruction.Imm),
                Op.Slli => source << instruction.Imm,
                _ => throw new InvalidOperationException($"{instruction.Op} does not belong into li"),
            };
        }

        Assert.Equal(value, register);
    }
}
