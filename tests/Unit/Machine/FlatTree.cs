using System.Buffers.Binary;
using System.Text;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Reads a flattened device tree as a guest does.</summary>
internal sealed class FlatTree
{
    private readonly Dictionary<string, Dictionary<string, byte[]>> _nodes = [];

    public FlatTree(ReadOnlySpan<byte> blob)
    {
        int position = (int)Cell(blob, 8);
        int strings = (int)Cell(blob, 12);
        var path = new Stack<string>();
        while (true)
        {
            uint token = Cell(blob, position);
            position += 4;
            if (token == 9) return;
            if (token == 2) path.Pop();
            else if (token == 1)
            {
                string name = Text(blob, position);
                position = (position + name.Length + 4) & ~3;
                path.Push(path.Count == 0 ? "" : path.Peek() + "/" + name);
                _nodes.Add(path.Peek(), []);
            }
            else
            {
                int length = (int)Cell(blob, position);
                string name = Text(blob, strings + (int)Cell(blob, position + 4));
                _nodes[path.Peek()].Add(name, blob.Slice(position + 8, length).ToArray());
                position = (position + 8 + length + 3) & ~3;
            }
        }
    }

    /// <summary>Paths of all nodes; the root is empty.</summary>
    public IEnumerable<string> Paths => _nodes.Keys;

    public bool Has(string path, string property) => _nodes.TryGetValue(path, out Dictionary<string, byte[]>? node) && node.ContainsKey(property);

    public byte[] Bytes(string path, string property) => _nodes[path][property];

    public string[] Strings(string path, string property) => Encoding.UTF8.GetString(Bytes(path, property)).TrimEnd('\0').Split('\0');

    public uint[] Cells(string path, string property) => [.. Bytes(path, property).Chunk(4).Select(c => BinaryPrimitives.ReadUInt32BigEndian(c))];

    public ulong[] Cells64(string path, string property) => [.. Bytes(path, property).Chunk(8).Select(c => BinaryPrimitives.ReadUInt64BigEndian(c))];

    private static uint Cell(ReadOnlySpan<byte> blob, int offset) => BinaryPrimitives.ReadUInt32BigEndian(blob[offset..]);

    private static string Text(ReadOnlySpan<byte> blob, int offset) => Encoding.UTF8.GetString(blob[offset..(offset + blob[offset..].IndexOf((byte)0))]);
}
