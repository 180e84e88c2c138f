using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.Ir;

public sealed class IrParserTests
{
    private readonly IrRegion _region = new();

    [Theory]
    [InlineData("frobnicate 1", "'frobnicate' is no operation")]
    [InlineData("$1 = add $2", "add has only 1 operands")]
    [InlineData("$1 = add $2, 1, 1", "add has 3 operands")]
    [InlineData("fence 1", "fence has 1 operands")]
    [InlineData("$1 = add.q8 $2, 1", "'q8' says nothing about add")]
    [InlineData("$1 = set $2, 1", "set needs to know its Condition")]
    [InlineData("$1 = fto_int.f64 $33", "fto_int needs to know its Integer")]
    [InlineData("$1 = add sp, 1", "'sp' is no operand")]
    [InlineData("$1 = add $x, 1", "'x' is no number up to 65535")]
    [InlineData("%99999 = add $2, 1", "'99999' is no number up to 65535")]
    [InlineData("$1 = add $2, 0x", "'0x' is no number")]
    [InlineData("$1 = add $2, 0x10000000000000000", "'0x10000000000000000' is no number")]
    public void Malformed_line_is_named_with_its_number(string line, string message) =>
        Assert.Equal($"line 2: {message}", Assert.Throws<FormatException>(() => new IrParser().Parse("guest 0\n" + line, _region)).Message);

    [Fact]
    public void Region_has_as_many_temporaries_and_labels_as_the_text_names()
    {
        new IrParser().Parse("guest 0\n%3 = add $1, 1\n@2:\ngoto 4", _region);
        Assert.Equal((4, 3, 1), (_region.Temps, _region.Labels, _region.Instructions));
    }

    [Fact]
    public void Named_slots_are_asked_for()
    {
        new IrParser(name => name == "sp" ? 2 : null).Parse("guest 0\nsp = add sp, -16", _region);
        Assert.Equal(new IrOp(IrOpcode.Add, IrType.I64, 0, IrOperand.Slot(2), IrOperand.Slot(2), _region.Constant(-16), IrOperand.None), _region.Ops[0]);
    }
}
