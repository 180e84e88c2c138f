using System.Numerics;
using Doppel.RiscV.Isa;

namespace Doppel.Tests.Unit.RiscV.Isa;

public sealed class DecoderTests
{
    public static TheoryData<string> Mnemonics => new(InstructionTable.Rows.Where(r => r.Op != Op.Illegal).Select(r => r.Mnemonic));

    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Row_random_operands_decode_and_encode_to_the_same_word(string mnemonic)
    {
        InstructionRow row = InstructionTable.Find(mnemonic)!;
        var random = new Random(7);
        int own = 0;
        for (int i = 0; i < 200; i++)
        {
            uint word = row.Match | ((uint)random.NextInt64(1L << 32) & ~row.Mask & (row.IsCompressed ? 0xffffu : uint.MaxValue) & ~IgnoredBits(row));
            if (Decoder.Full.Find(word) != row) continue; // a more specific row owns this word
            own++;
            Instruction instruction = Decoder.Full.Decode(word);
            Assert.Equal(row.Op, instruction.Op);
            Assert.Equal(row.Length, instruction.Length);
            Assert.True(Encoder.TryEncode(row, instruction, out uint again));
            Assert.Equal(word, again);
        }

        Assert.True(own > 0, $"{mnemonic}: no word of it decodes");
    }

    [Fact]
    public void Every_operation_has_exactly_one_row_of_four_bytes()
    {
        foreach (Op op in Enum.GetValues<Op>().Where(o => o is not (Op.None or Op.Illegal)))
        {
            InstructionRow row = InstructionTable.Of(op);
            string pascal = string.Concat(row.Mnemonic.Split('.').Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
            Assert.Equal(op.ToString(), pascal);
        }
    }

    [Fact]
    public void Overlapping_rows_are_ordered_by_their_fixed_bits()
    {
        IReadOnlyList<InstructionRow> rows = InstructionTable.Rows;
        for (int i = 0; i < rows.Count; i++)
        {
            for (int j = i + 1; j < rows.Count; j++)
            {
                InstructionRow a = rows[i], b = rows[j];
                if (a.Length != b.Length || ((a.Match ^ b.Match) & a.Mask & b.Mask) != 0) continue;
                Assert.True(BitOperations.PopCount(a.Mask) != BitOperations.PopCount(b.Mask), $"{a} ({a.Pattern}) and {b} ({b.Pattern}) overlap, neither is more specific");
                uint specific = BitOperations.PopCount(a.Mask) > BitOperations.PopCount(b.Mask) ? a.Mask : b.Mask;
                if ((specific | a.Mask | b.Mask) == specific) continue;
                // Neither contains the other: the words that both match must belong to a third row, or the table is wrong.
                uint common = a.Match | b.Match, mask = a.Mask | b.Mask;
                Assert.True(rows.Any(r => r.Length == a.Length && (r.Mask & ~mask) == 0 && (common & r.Mask) == r.Match && BitOperations.PopCount(r.Mask) == BitOperations.PopCount(mask)), $"{a} and {b} overlap partly");
            }
        }
    }

    [Fact]
    public void Compressed_words_all_decode_to_their_expansion_or_to_illegal()
    {
        int legal = 0;
        for (uint word = 0; word <= 0xffff; word++)
        {
            if ((word & 3) == 3) continue;
            Instruction instruction = Decoder.Full.Decode(word | 0xabcd0000);
            Assert.Equal(2, instruction.Length);
            if (instruction.Op == Op.Illegal)
            {
                Assert.Equal((int)word, instruction.Imm);
                continue;
            }

            legal++;
            Assert.Equal(instruction with { Length = 4 }, Decoder.Full.Decode(Encoder.Encode(instruction)));
            Assert.True(Encoder.TryEncode(Decoder.Full.Find(word)!, instruction, out uint again));
            Assert.Equal(word, again);
        }

        Assert.Equal(LegalCompressedWords, legal);
    }

    // Counted once with the GNU disassembler and the tables of chapters c-st-ext and zcb.
    private const int LegalCompressedWords = 47751;

    [Theory]
    [InlineData(0x0000u)] // defined illegal
    [InlineData(0x0004u)] // c.addi4spn, immediate 0
    [InlineData(0x2001u)] // c.addiw, rd = x0
    [InlineData(0x6081u)] // c.lui, immediate 0
    [InlineData(0x6101u)] // c.addi16sp, immediate 0
    [InlineData(0x4002u)] // c.lwsp, rd = x0
    [InlineData(0x6002u)] // c.ldsp, rd = x0
    [InlineData(0x8002u)] // c.jr, rs1 = x0
    [InlineData(0x9c7du)] // reserved between c.not and the end of the quadrant
    [InlineData(0x8c40u)] // reserved after the Zcb stores
    [InlineData(0xffffffffu)]
    [InlineData(0x0000001fu)] // 48-bit length
    [InlineData(0x0000007fu)] // 80-bit and longer
    [InlineData(0x02000033u | 0x04000000u)] // funct7 of nothing
    [InlineData(0x0000100fu | 0x2000u)] // funct3 of nothing under MISC-MEM
    [InlineData(0x12000073u | 0x80u)] // sfence.vma with rd
    public void Word_that_no_row_matches_is_illegal(uint word) => Assert.Equal(Op.Illegal, Decoder.Full.Decode(word).Op);

    [Theory]
    [InlineData(0x0001u, Op.Addi, 0, 0, 0, 0)] // c.nop
    [InlineData(0x1141u, Op.Addi, 2, 2, 0, -16)] // c.addi sp,-16
    [InlineData(0x7139u, Op.Addi, 2, 2, 0, -64)] // c.addi16sp -64
    [InlineData(0x0800u, Op.Addi, 8, 2, 0, 16)] // c.addi4spn s0,sp,16
    [InlineData(0x9002u, Op.Ebreak, 0, 0, 0, 0)]
    [InlineData(0x8082u, Op.Jalr, 0, 1, 0, 0)] // ret
    [InlineData(0x9782u, Op.Jalr, 1, 15, 0, 0)] // c.jalr a5
    [InlineData(0x852eu, Op.Add, 10, 0, 11, 0)] // c.mv a0,a1
    [InlineData(0xbffdu, Op.Jal, 0, 0, 0, -2)]
    [InlineData(0xc391u, Op.Beq, 0, 15, 0, 4)]
    [InlineData(0x777du, Op.Lui, 14, 0, 0, -4096)]
    [InlineData(0x60a2u, Op.Ld, 1, 2, 0, 8)]
    [InlineData(0xe406u, Op.Sd, 0, 2, 1, 8)]
    [InlineData(0x4398u, Op.Lw, 14, 15, 0, 0)]
    [InlineData(0x9c61u, Op.Andi, 8, 8, 0, 255)] // c.zext.b
    [InlineData(0x9c75u, Op.Xori, 8, 8, 0, -1)] // c.not
    public void Compressed_instruction_decodes_to_what_it_expands_to(uint word, Op op, byte rd, byte rs1, byte rs2, int imm) =>
        Assert.Equal(new Instruction(op, rd, rs1, rs2, 0, 0, 2, imm), Decoder.Full.Decode(word));

    [Theory]
    [InlineData(0xfff50513u, Op.Addi, 10, 10, 0, 0, 0, -1)]
    [InlineData(0x800000b7u, Op.Lui, 1, 0, 0, 0, 0, int.MinValue)]
    [InlineData(0x43f55513u, Op.Srai, 10, 10, 0, 0, 0, 63)]
    [InlineData(0xfe000fe3u, Op.Beq, 0, 0, 0, 0, 0, -2)]
    [InlineData(0x800000efu, Op.Jal, 1, 0, 0, 0, 0, -1048576)]
    [InlineData(0x1605272fu, Op.LrW, 14, 10, 0, 0, 3, 0)] // lr.w.aqrl
    [InlineData(0x00c5f553u, Op.FaddS, 10, 11, 12, 0, 7, 0)]
    [InlineData(0x68c59543u, Op.FmaddS, 10, 11, 12, 13, 1, 0)]
    [InlineData(0xc0202573u, Op.Csrrs, 10, 0, 0, 0, 0, 0xc02)]
    [InlineData(0x34075073u, Op.Csrrwi, 0, 14, 0, 0, 0, 0x340)]
    [InlineData(0x0100000fu, Op.Pause, 0, 0, 0, 0, 0, 0)]
    [InlineData(0x8330000fu, Op.Fence, 0, 0, 0, 0, 0, 0x833)]
    [InlineData(0xf33f8f8fu, Op.Fence, 0, 0, 0, 0, 0, 0xf33)] // reserved fields are ignored
    [InlineData(0xfff79f8fu, Op.FenceI, 0, 0, 0, 0, 0, 0)]
    [InlineData(0x0045200fu, Op.CboZero, 0, 10, 0, 0, 0, 0)]
    [InlineData(0xfe356013u, Op.PrefetchW, 0, 10, 0, 0, 0, -32)]
    [InlineData(0x0805453bu, Op.ZextH, 10, 10, 0, 0, 0, 0)]
    [InlineData(0x08b5453bu, Op.Packw, 10, 10, 11, 0, 0, 0)]
    public void Instruction_decodes_to_its_operands(uint word, Op op, byte rd, byte rs1, byte rs2, byte rs3, byte rm, int imm) =>
        Assert.Equal(new Instruction(op, rd, rs1, rs2, rs3, rm, 4, imm), Decoder.Full.Decode(word));

    [Fact]
    public void Disabled_extension_makes_its_instructions_illegal()
    {
        var decoder = new Decoder(ExtensionSet.All.Without(Extension.Zfh).Without(Extension.Zbb).Without(Extension.D));
        Assert.Equal(Op.Illegal, decoder.Decode(Encoder.Encode(new(Op.FaddH, 1, 2, 3, 0, 0, 4, 0))).Op);
        Assert.Equal(Op.Illegal, decoder.Decode(Encoder.Encode(new(Op.Clz, 1, 2, 0, 0, 0, 4, 0))).Op);
        Assert.Equal(Op.Illegal, decoder.Decode(0x2000).Op); // c.fld needs D too
        Assert.Equal(Op.Andn, decoder.Decode(Encoder.Encode(new(Op.Andn, 1, 2, 3, 0, 0, 4, 0))).Op); // Zbkb has it too
        Assert.Equal(Op.Packw, decoder.Decode(Encoder.Encode(new(Op.ZextH, 1, 2, 0, 0, 0, 4, 0))).Op);
    }

    private static uint IgnoredBits(InstructionRow row)
    {
        string bits = row.Pattern.Replace(" ", "", StringComparison.Ordinal);
        uint ignored = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            if (bits[i] == '-') ignored |= 1u << (bits.Length - 1 - i);
        }

        return ignored;
    }
}
