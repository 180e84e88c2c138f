using System.Buffers.Binary;
using System.Text;
using Doppel.Core.DeviceTree;

namespace Doppel.Tests.Unit.Core.DeviceTree;

public sealed class DeviceTreeBlobTests
{
    [Fact]
    public void Blob_reads_back_as_the_tree_that_was_written()
    {
        var root = new DeviceTreeNode("");
        root.Cells("#address-cells", 2).Strings("compatible", "riscv-virtio", "x").Flag("dma-coherent");
        DeviceTreeNode soc = root.Child("soc");
        soc.Child("serial@10000000").Reg(0x1000_0000, 0x100).Cells("interrupts", 10, 0xffff_ffff).Bytes("odd", [1, 2, 3]);
        soc.Child("empty");
        root.Child("chosen").Strings("bootargs", "");
        string text = Parse(DeviceTreeBlob.Write(root));
        Assert.Equal(
            """
            {#address-cells=00000002;compatible=72697363762D76697274696F007800;dma-coherent=;
            soc{serial@10000000{reg=00000000100000000000000000000100;interrupts=0000000AFFFFFFFF;odd=010203;}
            empty{}
            }
            chosen{bootargs=00;}
            }
            """.ReplaceLineEndings("\n"),
            text);
    }

    [Fact]
    public void Header_is_that_of_version_17()
    {
        var root = new DeviceTreeNode("");
        root.Cells("a", 1);
        byte[] blob = DeviceTreeBlob.Write(root, bootHart: 3);
        Assert.Equal(0, blob.Length % 8);
        Assert.Equal([0xd00dfeed, (uint)blob.Length, 56u, 56u + 32u, 40u, 17u, 16u, 3u, 2u, 32u], Enumerable.Range(0, 10).Select(i => Cell(blob, i * 4)));
        // The memory reservations: none.
        Assert.True(blob.AsSpan(40, 16).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void Property_set_again_replaces_the_first()
    {
        DeviceTreeNode node = new DeviceTreeNode("n").Cells("a", 1).Cells("b", 2).Cells("a", 3);
        Assert.Equal(["a", "b"], node.Properties.Select(p => p.Name));
        Assert.Equal([0, 0, 0, 3], node.Properties[0].Value);
    }

    [Fact]
    public void Property_names_are_stored_once()
    {
        var root = new DeviceTreeNode("");
        for (int i = 0; i < 10; i++) root.Child($"n{i}").Cells("a-very-long-property-name", 1);
        byte[] blob = DeviceTreeBlob.Write(root);
        Assert.Equal(26u, Cell(blob, 32));
    }

    /// <summary>A reader of the flattened form that trusts nothing of the writer's.</summary>
    private static string Parse(byte[] blob)
    {
        Assert.Equal(0xd00dfeedu, Cell(blob, 0));
        int at = (int)Cell(blob, 8);
        int strings = (int)Cell(blob, 12);
        Assert.Equal(at + (int)Cell(blob, 36), strings);
        Assert.True(strings + (int)Cell(blob, 32) <= blob.Length);
        var text = new StringBuilder();
        while (true)
        {
            Assert.Equal(0, at % 4);
            uint token = Cell(blob, at);
            at += 4;
            switch (token)
            {
                case 1:
                    string name = Name(blob, at);
                    at += (name.Length + 4) & ~3;
                    text.Append(name).Append('{');
                    if (name.Length > 0 && Cell(blob, at) == 1) break;
                    if (name.Length == 0 && Cell(blob, at) != 3) text.Append('\n');
                    break;
                case 2:
                    text.Append('}').Append('\n');
                    break;
                case 3:
                    int length = (int)Cell(blob, at);
                    text.Append(Name(blob, strings + (int)Cell(blob, at + 4))).Append('=').Append(Convert.ToHexString(blob, at + 8, length)).Append(';');
                    at += 8 + ((length + 3) & ~3);
                    if (text.ToString().Count(c => c == '{') == 1 && Cell(blob, at) != 3) text.Append('\n');
                    break;
                default:
                    Assert.Equal(9u, token);
                    Assert.Equal(strings, at);
                    return text.ToString().TrimEnd('\n');
            }
        }
    }

    private static string Name(byte[] blob, int at) => Encoding.ASCII.GetString(blob, at, Array.IndexOf(blob, (byte)0, at) - at);

    private static uint Cell(byte[] blob, int at) => BinaryPrimitives.ReadUInt32BigEndian(blob.AsSpan(at));
}
