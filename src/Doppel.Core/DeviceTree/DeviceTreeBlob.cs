using System.Buffers.Binary;
using System.Text;

namespace Doppel.Core.DeviceTree;

/// <summary>The flattened form of a device tree (Devicetree Specification 0.4, chapter 5, version 17).</summary>
public static class DeviceTreeBlob
{
    private const uint Magic = 0xd00dfeed;
    private const uint BeginNode = 1;
    private const uint EndNode = 2;
    private const uint Property = 3;
    private const uint End = 9;
    private const int HeaderLength = 40;
    private const int ReservationLength = 16;

    /// <summary>Flattens the tree.</summary>
    /// <param name="bootHart">The physical id of the booting processor.</param>
    public static byte[] Write(DeviceTreeNode root, uint bootHart = 0)
    {
        var structure = new List<byte>();
        var strings = new StringTable();
        WriteNode(root, structure, strings);
        Cell(structure, End);

        int structureOffset = HeaderLength + ReservationLength;
        int stringsOffset = structureOffset + structure.Count;
        byte[] blob = new byte[(stringsOffset + strings.Bytes.Count + 7) & ~7];
        uint[] header =
        [
            Magic, (uint)blob.Length, (uint)structureOffset, (uint)stringsOffset, HeaderLength,
            17, 16, bootHart, (uint)strings.Bytes.Count, (uint)structure.Count,
        ];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * 4), header[i]);
        structure.CopyTo(blob, structureOffset);
        strings.Bytes.CopyTo(blob, stringsOffset);
        return blob;
    }

    private static void WriteNode(DeviceTreeNode node, List<byte> structure, StringTable strings)
    {
        Cell(structure, BeginNode);
        structure.AddRange(Encoding.ASCII.GetBytes(node.Name));
        structure.Add(0);
        Pad(structure);
        foreach ((string name, byte[] value) in node.Properties)
        {
            Cell(structure, Property);
            Cell(structure, (uint)value.Length);
            Cell(structure, strings.Offset(name));
            structure.AddRange(value);
            Pad(structure);
        }

        foreach (DeviceTreeNode child in node.Children) WriteNode(child, structure, strings);
        Cell(structure, EndNode);
    }

    private static void Cell(List<byte> target, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        target.AddRange(bytes);
    }

    private static void Pad(List<byte> target)
    {
        while (target.Count % 4 != 0) target.Add(0);
    }

    private sealed class StringTable
    {
        private readonly Dictionary<string, uint> _offsets = [];

        public List<byte> Bytes { get; } = [];

        public uint Offset(string name)
        {
            if (_offsets.TryGetValue(name, out uint offset)) return offset;
            offset = (uint)Bytes.Count;
            _offsets[name] = offset;
            Bytes.AddRange(Encoding.ASCII.GetBytes(name));
            Bytes.Add(0);
            return offset;
        }
    }
}
