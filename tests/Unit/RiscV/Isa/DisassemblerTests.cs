using Doppel.RiscV.Isa;

namespace Doppel.Tests.Unit.RiscV.Isa;

public sealed class DisassemblerTests
{
    // The expected texts are the GNU disassembler's, but for its habit to leave the "i" out of some mnemonics.
    [Theory]
    [InlineData(0x00000013u, "nop")]
    [InlineData(0xfff50513u, "addi a0,a0,-1")]
    [InlineData(0x800000b7u, "lui ra,0x80000")]
    [InlineData(0x8082u, "ret")]
    [InlineData(0x852eu, "mv a0,a1")]
    [InlineData(0xbffdu, "j 0xffe")]
    [InlineData(0xc391u, "beqz a5,0x1004")]
    [InlineData(0xffc12503u, "lw a0,-4(sp)")]
    [InlineData(0x1605272fu, "lr.w.aqrl a4,(a0)")]
    [InlineData(0x00c58553u, "fadd.s fa0,fa1,fa2,rne")]
    [InlineData(0xd20501d3u, "fcvt.d.w ft3,a0")]
    [InlineData(0xc0102573u, "rdtime a0")]
    [InlineData(0x30051073u, "csrw mstatus,a0")]
    [InlineData(0x0310000fu, "fence rw,w")]
    [InlineData(0x8330000fu, "fence.tso")]
    [InlineData(0x0100000fu, "pause")]
    [InlineData(0x10500073u, "wfi")]
    [InlineData(0x12b50073u, "sfence.vma a0,a1")]
    [InlineData(0x22b58553u, "fmv.d fa0,fa1")]
    [InlineData(0x6b85d513u, "rev8 a0,a1")]
    [InlineData(0xfe356013u, "prefetch.w -32(a0)")]
    [InlineData(0x00000000u, ".half 0x0000")]
    [InlineData(0xffffffffu, ".word 0xffffffff")]
    public void Word_is_written_in_the_syntax_of_the_GNU_assembler(uint word, string text) => Assert.Equal(text, Disassembler.Format(word, 0x1000));

    [Theory]
    [InlineData(0x8082u, "c.jr ra")]
    [InlineData(0x1141u, "c.addi sp,-16")]
    [InlineData(0x60a2u, "c.ldsp ra,8(sp)")]
    [InlineData(0x00008067u, "jalr zero,0(ra)")]
    public void Word_is_written_exactly_as_its_row(uint word, string text)
    {
        Assert.Equal(text, Disassembler.FormatExact(word, 0));
    }

    [Fact]
    public void Every_word_of_16_bits_and_random_ones_of_32_have_a_text()
    {
        var random = new Random(3);
        for (uint word = 0; word <= 0xffff; word++) Assert.NotEmpty(Disassembler.Format(word, ulong.MaxValue));
        for (int i = 0; i < 100_000; i++) Assert.NotEmpty(Disassembler.Format((uint)random.NextInt64(1L << 32) | 3, 0));
    }

    [Fact]
    public void List_walks_by_instruction_lengths_and_ends_at_a_cut_instruction()
    {
        byte[] code = [0x82, 0x80, 0x13, 0x05, 0xf5, 0xff, 0x01, 0x00, 0x13, 0x05];
        DisassembledLine[] lines = [.. Disassembler.List(code, 0x100)];
        Assert.Equal(["ret", "addi a0,a0,-1", "nop"], lines.Select(l => l.Text));
        Assert.Equal([0x100ul, 0x102, 0x106], lines.Select(l => l.Address));
        Assert.Equal("             102:  fff50513  addi a0,a0,-1", lines[1].ToString());
    }
}
