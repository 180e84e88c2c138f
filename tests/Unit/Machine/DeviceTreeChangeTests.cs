using Doppel.Core.DeviceTree;
using Doppel.Machine.Boards;

namespace Doppel.Tests.Unit.Machine;

public class DeviceTreeChangeTests
{
    [Theory]
    [InlineData("/chosen:a=\"on\"", new byte[] { (byte)'o', (byte)'n', 0 })]
    [InlineData("/chosen:a=<1 0x2>", new byte[] { 0, 0, 0, 1, 0, 0, 0, 2 })]
    [InlineData("/chosen:a=[00 fF]", new byte[] { 0, 255 })]
    [InlineData("/chosen:a=\"x\", <3>", new byte[] { (byte)'x', 0, 0, 0, 0, 3 })]
    [InlineData("/chosen:a", new byte[0])]
    public void Value_isUnderstood(string text, byte[] expected) => Assert.Equal(expected, DeviceTreeChange.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData("chosen:a=<1>")]
    [InlineData("/chosen")]
    [InlineData("/chosen:=<1>")]
    [InlineData("/chosen:a=1")]
    [InlineData("/chosen:a=<1")]
    [InlineData("/chosen:a=<x>")]
    [InlineData("/chosen:a=<0x100000000>")]
    [InlineData("/chosen:a=<-1>")]
    [InlineData("/chosen:a=[0]")]
    [InlineData("/chosen:a=[zz]")]
    [InlineData("/chosen:a=\"x")]
    [InlineData("/chosen:a=<1> <2>")]
    [InlineData("/chosen:a=<1>,")]
    [InlineData("/cho//sen:a=<1>")]
    [InlineData("/chosen:a b=<1>")]
    [InlineData("/chosen:a-name-longer-than-thirty-one-characters=<1>")]
    public void Malformed_change_isRefused(string text) => Assert.Throws<FormatException>(() => DeviceTreeChange.Parse(text));

    [Fact]
    public void Apply_replacesAddsAndDeletes()
    {
        var root = new DeviceTreeNode("");
        root.Child("chosen").Cells("a", 1).Cells("b", 2);

        foreach (string text in (string[])["/chosen:a=<7>", "/chosen:b=delete", "/new/node:c"]) DeviceTreeChange.Parse(text).Apply(root);

        (string name, byte[] value) = Assert.Single(root.Children[0].Properties);
        Assert.Equal("a", name);
        Assert.Equal([0, 0, 0, 7], value);
        Assert.Equal("c", root.Children[1].Children[0].Properties[0].Name);
    }
}
