using System.Buffers.Binary;
using System.Text;

namespace Doppel.Core.DeviceTree;

/// <summary>A node of a device tree (Devicetree Specification 0.4). Each device writes its own.</summary>
public sealed class DeviceTreeNode
{
    private readonly List<(string Name, byte[] Value)> _properties = [];
    private readonly List<DeviceTreeNode> _children = [];

    /// <param name="name">Node name with unit address, such as <c>serial@10000000</c>; empty for the root.</param>
    public DeviceTreeNode(string name) => Name = name;

    public string Name { get; }

    public IReadOnlyList<(string Name, byte[] Value)> Properties => _properties;

    public IReadOnlyList<DeviceTreeNode> Children => _children;

    /// <summary>Adds an empty child.</summary>
    public DeviceTreeNode Child(string name)
    {
        var child = new DeviceTreeNode(name);
        _children.Add(child);
        return child;
    }

    /// <summary>A property without a value.</summary>
    public DeviceTreeNode Flag(string name) => Bytes(name, []);

    /// <summary>32-bit cells.</summary>
    public DeviceTreeNode Cells(string name, params ReadOnlySpan<uint> cells)
    {
        byte[] value = new byte[cells.Length * 4];
        for (int i = 0; i < cells.Length; i++) BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(i * 4), cells[i]);
        return Bytes(name, value);
    }

    /// <summary>64-bit values, two cells each.</summary>
    public DeviceTreeNode Cells64(string name, params ReadOnlySpan<ulong> values)
    {
        byte[] value = new byte[values.Length * 8];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt64BigEndian(value.AsSpan(i * 8), values[i]);
        return Bytes(name, value);
    }

    /// <summary>An address and length pair, two cells each, as <c>reg</c> has it.</summary>
    public DeviceTreeNode Reg(ulong address, ulong length) => Cells64("reg", address, length);

    /// <summary>A list of strings.</summary>
    public DeviceTreeNode Strings(string name, params ReadOnlySpan<string> values)
    {
        var bytes = new List<byte>();
        foreach (string value in values)
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(value));
            bytes.Add(0);
        }

        return Bytes(name, [.. bytes]);
    }

    /// <summary>Any value; replaces an earlier one of the same name.</summary>
    public DeviceTreeNode Bytes(string name, byte[] value)
    {
        int existing = _properties.FindIndex(p => p.Name == name);
        if (existing >= 0) _properties[existing] = (name, value);
        else _properties.Add((name, value));
        return this;
    }

    /// <summary>Takes a property away, if it is there.</summary>
    public void Remove(string name) => _properties.RemoveAll(p => p.Name == name);
}
