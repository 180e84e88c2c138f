using Doppel.RiscV.Hart;
using Doppel.RiscV.Interpreter;
using Doppel.RiscV.Isa;

namespace Doppel.Tests.Unit.RiscV.Isa;

public sealed class PredecoderTests
{
    private readonly Predecoder _predecoder = Predecoder.For(ExtensionSet.All);

    [Fact]
    public void Compressed_words_all_of_them_are_as_decoded_with_slots_for_registers()
    {
        for (uint word = 0; word < 0x10000; word++)
        {
            if ((word & 3) == 3) continue;
            ExpectAsDecoded(word);

            // What is behind it does not matter.
            Assert.Equal(_predecoder.Decode(word), _predecoder.Decode(word | 0xabcd_0000));
        }
    }

    [Fact]
    public void Words_of_every_row_are_as_decoded_with_slots_for_registers()
    {
        var random = new Random(1);
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.IsCompressed) continue;
            for (int i = 0; i < 200; i++) ExpectAsDecoded(row.Match | ((uint)random.NextInt64() & ~row.Mask));
        }
    }

    [Fact]
    public void Words_of_any_kind_are_as_decoded_with_slots_for_registers()
    {
        var random = new Random(2);
        for (int i = 0; i < 100_000; i++) ExpectAsDecoded((uint)random.NextInt64() | 3);
    }

    private void ExpectAsDecoded(uint word)
    {
        Instruction expected = Decoder.Full.Decode(word);
        if (expected.Op != Op.Illegal)
        {
            InstructionRow row = InstructionTable.Of(expected.Op);
            byte rd = row.Rd.Kind == OperandKind.X && expected.Rd == 0 ? RiscVSlot.Sink : SlotOf(expected.Rd, row.Rd);
            expected = expected with { Rd = rd, Rs1 = SlotOf(expected.Rs1, row.Rs1), Rs2 = SlotOf(expected.Rs2, row.Rs2), Rs3 = SlotOf(expected.Rs3, row.Rs3) };
        }

        Assert.Equal(expected, _predecoder.Decode(word));
    }

    private static byte SlotOf(byte register, RegisterField field) => (byte)(register + (field.Kind == OperandKind.F ? RiscVSlot.F : RiscVSlot.X));
}
