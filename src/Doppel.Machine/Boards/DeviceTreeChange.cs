// Implements: property values as in Devicetree source (Devicetree Specification 0.4, chapter 6.3): strings, cells, bytes.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Doppel.Core.DeviceTree;

namespace Doppel.Machine.Boards;

/// <summary>One wish of the user about the device tree: <c>PATH:NAME=VALUE</c>, <c>PATH:NAME</c> or <c>PATH:NAME=delete</c>.</summary>
/// <param name="Value">Null to delete the property.</param>
internal sealed record DeviceTreeChange(string Path, string Name, byte[]? Value)
{
    private const int MaxNameLength = 31;

    /// <exception cref="FormatException">With what is wrong.</exception>
    public static DeviceTreeChange Parse(string text)
    {
        int colon = text.IndexOf(':');
        if (colon <= 0 || text[0] != '/') throw new FormatException("it is not of the form PATH:NAME=VALUE with a path that begins with /");
        string path = text[..colon];
        string rest = text[(colon + 1)..];
        int equals = rest.IndexOf('=');
        string name = equals < 0 ? rest : rest[..equals];
        if (name.Length is 0 or > MaxNameLength || !name.All(c => char.IsAsciiLetterOrDigit(c) || ",._+?#-".Contains(c)))
        {
            throw new FormatException($"'{name}' is no property name");
        }

        if (path.Length > 1 && path[1..].Split('/').Any(part => part.Length == 0)) throw new FormatException($"'{path}' has an empty node name");
        if (equals < 0) return new DeviceTreeChange(path, name, []);
        string value = rest[(equals + 1)..].Trim();
        return new DeviceTreeChange(path, name, value == "delete" ? null : [.. ParseValues(value)]);
    }

    /// <summary>Makes the change; nodes of the path that are missing are added.</summary>
    public void Apply(DeviceTreeNode root)
    {
        DeviceTreeNode node = root;
        foreach (string part in Path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = node.Children.FirstOrDefault(c => c.Name == part) ?? node.Child(part);
        }

        if (Value is null) node.Remove(Name);
        else node.Bytes(Name, Value);
    }

    private static List<byte> ParseValues(string text)
    {
        var bytes = new List<byte>();
        int position = 0;
        while (true)
        {
            char open = position < text.Length ? text[position] : '\0';
            char close = open switch { '"' => '"', '<' => '>', '[' => ']', _ => throw new FormatException($"'{text}' is no value: give \"text\", <1 0x2> or [00 ff]") };
            int end = text.IndexOf(close, position + 1);
            if (end < 0) throw new FormatException($"'{text}' lacks its {close}");
            string inner = text[(position + 1)..end];
            if (open == '"') bytes.AddRange([.. Encoding.UTF8.GetBytes(inner), 0]);
            else if (open == '<') AddCells(bytes, inner);
            else AddBytes(bytes, inner);
            position = end + 1;
            while (position < text.Length && text[position] == ' ') position++;
            if (position == text.Length) return bytes;
            if (text[position++] != ',') throw new FormatException($"'{text}' has something other than a comma between its values");
            while (position < text.Length && text[position] == ' ') position++;
        }
    }

    private static void AddCells(List<byte> bytes, string inner)
    {
        Span<byte> cell = stackalloc byte[4];
        foreach (string word in inner.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            bool valid = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                ? uint.TryParse(word.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
                : uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
            if (!valid) throw new FormatException($"'{word}' is no 32-bit number");
            BinaryPrimitives.WriteUInt32BigEndian(cell, value);
            bytes.AddRange(cell);
        }
    }

    private static void AddBytes(List<byte> bytes, string inner)
    {
        string digits = inner.Replace(" ", "", StringComparison.Ordinal);
        if (digits.Length % 2 != 0 || !digits.All(char.IsAsciiHexDigit)) throw new FormatException($"[{inner}] is not made of bytes in hexadecimal");
        bytes.AddRange(Convert.FromHexString(digits));
    }
}
