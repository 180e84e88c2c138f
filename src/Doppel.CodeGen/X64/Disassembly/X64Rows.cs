using System.Globalization;

namespace Doppel.CodeGen.X64.Disassembly;

/// <summary>One instruction of <see cref="X64Table"/>.</summary>
/// <param name="ShowsSize">Memory has no other operand that tells its size.</param>
internal sealed record X64Row(string Mnemonic, bool ShowsSize, string[] Operands);

/// <summary>What stands before an opcode.</summary>
internal enum X64Encoding
{
    Legacy,
    Vex,
    Evex,
}

/// <summary>Finds instructions by their bytes.</summary>
internal sealed class X64Rows
{
    private const int NoExtension = 8;

    private readonly Dictionary<(X64Encoding Encoding, int Prefix, int Map, int Opcode, int Extension), X64Row> _rows = [];

    public X64Rows()
    {
        foreach (string line in X64Table.Rows.Split('\n')) AddLine(line.Trim().Split(' '));
        for (int i = 0; i < 8; i++)
        {
            string[][] forms = [["Eb", "Gb"], ["Ev", "Gv"], ["Gb", "Eb"], ["Gv", "Ev"], ["al", "Ib"], ["rax", "Iz"]];
            for (int form = 0; form < forms.Length; form++) Add(X64Encoding.Legacy, 0, 0, (8 * i) + form, NoExtension, new(X64Table.Alu[i], false, forms[form]));
        }

        for (int i = 0; i < X64Table.Conditions.Length; i++)
        {
            string name = X64Table.Conditions[i];
            Add(X64Encoding.Legacy, 0, 0, 0x70 + i, NoExtension, new("j" + name, false, ["Jb"]));
            Add(X64Encoding.Legacy, 0, 1, 0x80 + i, NoExtension, new("j" + name, false, ["Jz"]));
            Add(X64Encoding.Legacy, 0, 1, 0x90 + i, NoExtension, new("set" + name, false, ["Eb"]));
            Add(X64Encoding.Legacy, 0, 1, 0x40 + i, NoExtension, new("cmov" + name, false, ["Gv", "Ev"]));
        }

        foreach ((int opcode, string name) in X64Table.Scalars)
        {
            string[] more = opcode == 0xc2 ? ["Ib"] : [];
            Add(X64Encoding.Legacy, 2, 1, opcode, NoExtension, new(name + "ss", false, ["Vd", "Wd", .. more]));
            Add(X64Encoding.Legacy, 3, 1, opcode, NoExtension, new(name + "sd", false, ["Vq", "Wq", .. more]));
            Add(X64Encoding.Vex, 2, 1, opcode, NoExtension, new("v" + name + "ss", false, ["Vd", "Hd", "Wd", .. more]));
            Add(X64Encoding.Vex, 3, 1, opcode, NoExtension, new("v" + name + "sd", false, ["Vq", "Hq", "Wq", .. more]));
        }

        // The width is W's.
        for (int i = 0; i < X64Table.Fused.Length; i++)
        {
            foreach ((int first, string order) in new[] { (0x99, "132"), (0xa9, "213"), (0xb9, "231") })
                Add(X64Encoding.Vex, 1, 2, first + (2 * i), NoExtension, new(X64Table.Fused[i] + order, false, ["Vy", "Hy", "Wy"]));
        }
    }

    /// <summary>The row of an opcode; null if the assembler has no such instruction.</summary>
    /// <param name="prefix">0, or 1, 2, 3 for 66, F3, F2. Without VEX, 66 may be the operand size instead.</param>
    /// <param name="extension">The middle field of ModRM.</param>
    public X64Row? Find(X64Encoding encoding, int prefix, int map, int opcode, int extension) =>
        Get(encoding, prefix, map, opcode, extension) ?? (encoding != X64Encoding.Legacy || prefix != 1 ? null : Get(X64Encoding.Legacy, 0, map, opcode, extension));

    private X64Row? Get(X64Encoding encoding, int prefix, int map, int opcode, int extension) =>
        _rows.GetValueOrDefault((encoding, prefix, map, opcode, extension)) ?? _rows.GetValueOrDefault((encoding, prefix, map, opcode, NoExtension));

    private void Add(X64Encoding encoding, int prefix, int map, int opcode, int extension, X64Row row) => _rows.Add((encoding, prefix, map, opcode, extension), row);

    private void AddLine(string[] words)
    {
        string[] place = words[0].Split('/');
        string code = place[0];
        int map = code.StartsWith("0f38", StringComparison.Ordinal) ? 2 : code.StartsWith("0f3a", StringComparison.Ordinal) ? 3 : code.Length == 4 ? 1 : 0;
        int opcode = int.Parse(code[^2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        int next = 1;
        X64Encoding encoding = words[1] switch
        {
            "v" or "v66" or "vf3" or "vf2" => X64Encoding.Vex,
            "e" or "e66" or "ef3" or "ef2" => X64Encoding.Evex,
            _ => X64Encoding.Legacy,
        };
        string prefix = encoding == X64Encoding.Legacy ? words[1] : words[1][1..];
        int number = Array.IndexOf(["", "66", "f3", "f2"], prefix);
        if (encoding != X64Encoding.Legacy || number > 0) next = 2;
        else number = 0;
        string mnemonic = words[next].TrimEnd('!');
        bool shows = words[next].EndsWith('!');
        string[] operands = words[(next + 1)..];
        if (place.Length == 1)
        {
            Add(encoding, number, map, opcode, NoExtension, new(mnemonic, shows, operands));
            bool inOpcode = operands is [['Z', ..], ..];
            for (int register = 1; inOpcode && register < 8; register++) Add(encoding, number, map, opcode + register, NoExtension, new(mnemonic, shows, operands));
            return;
        }

        if (place[1].Length > 0)
        {
            Add(encoding, number, map, opcode, place[1][0] - '0', new(mnemonic, shows, operands));
            return;
        }

        string[] names = mnemonic switch { "alu" => X64Table.Alu, "shift" => X64Table.Shifts, _ => X64Table.Unary };
        for (int i = mnemonic == "unary" ? 2 : 0; i < 8; i++) Add(encoding, number, map, opcode, i, new(names[i], shows, operands));
    }
}
