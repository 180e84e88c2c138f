using System.Buffers.Binary;
using System.Text;
using Doppel.Core.DeviceTree;

namespace Doppel.Tests.Unit.Devices;

/// <summary>Reads a device tree node's properties as text, in the notation of a device tree source.</summary>
internal static class DeviceTreeProbe
{
    public static string Text(DeviceTreeNode node, string property)
    {
        byte[] value = node.Properties.Single(p => p.Name == property).Value;
        if (value.Length > 0 && value[^1] == 0 && value[0] >= 0x20 && value.All(b => b is 0 or >= 0x20 and < 0x7f))
        {
            return string.Join(", ", Encoding.ASCII.GetString(value[..^1]).Split('\0').Select(s => $"\"{s}\""));
        }

        return "<" + string.Join(' ', value.Chunk(4).Select(c => $"0x{BinaryPrimitives.ReadUInt32BigEndian(c):x}")) + ">";
    }
}
