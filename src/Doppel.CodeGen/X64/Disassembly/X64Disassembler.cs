using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Doppel.CodeGen.X64.Disassembly;

/// <summary>Shows generated code as text: only the instructions that the backend has; what is none of them becomes <c>(bad)</c>.</summary>
public sealed class X64Disassembler
{
    private static readonly X64Rows Rows = new();
    private static readonly string[] Registers = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] Legacy32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
    private static readonly string[] Legacy16 = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    private static readonly string[] Legacy8 = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
    private static readonly string[] HighBytes = ["ah", "ch", "dh", "bh"];

    private int _at, _prefix, _map, _opcode, _modrm, _vvvv;
    private bool _w, _r, _x, _b, _l, _rex;
    private X64Encoding _encoding;

    /// <summary>Where the jump or call that was shown last leads, as an offset like those given; null if it was none, or leads where a register says.</summary>
    public int? Target { get; private set; }

    /// <summary>The displacement of the memory operand that was shown last, if its base is the frame's register and it has no index.</summary>
    public int? FrameDisplacement { get; private set; }

    /// <summary>One instruction.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    public string Disassemble(ReadOnlySpan<byte> code, int offset, out int length)
    {
        Target = FrameDisplacement = null;
        _at = offset;
        string? text = Decode(code);
        length = text is null ? 1 : _at - offset;
        return text ?? "(bad)";
    }

    private string? Decode(ReadOnlySpan<byte> code)
    {
        // No instruction that we have is longer; beyond the end there are zeros.
        Span<byte> bytes = stackalloc byte[24];
        ReadOnlySpan<byte> rest = code[_at..];
        rest[..Math.Min(rest.Length, 16)].CopyTo(bytes);
        int start = _at;
        _at = 0;
        string? text = DecodeAt(bytes, start);
        bool whole = _at <= rest.Length;
        _at += start;
        return whole ? text : null;
    }

    private string? DecodeAt(ReadOnlySpan<byte> bytes, int start)
    {
        bool locked = bytes[0] == 0xf0;
        if (locked) _at++;
        ReadPrefixes(bytes);
        _opcode = bytes[_at++];
        if (_map == 0 && _prefix == 2 && _opcode == 0x90) return "pause";
        _modrm = bytes[_at];
        if (Rows.Find(_encoding, _prefix, _map, _opcode, _modrm >> 3 & 7) is not { } row) return null;
        bool hasModrm = row.Operands.Any(o => o[0] is 'E' or 'G' or 'W' or 'V' or 'M');
        string memory = "";
        if (hasModrm)
        {
            _at++;
            if (_modrm < 0xc0) memory = Memory(bytes, start, DisplacementUnit(row));
        }

        var text = new StringBuilder(locked ? "lock " : "").Append(Mnemonic(row));
        string separator = " ";
        foreach (string operand in row.Operands)
        {
            text.Append(separator).Append(Operand(operand, row, bytes, memory, start));
            separator = ", ";
        }

        return text.ToString();
    }

    /// <summary>Prefixes, REX, VEX or EVEX, and the bytes that tell the map.</summary>
    private void ReadPrefixes(ReadOnlySpan<byte> bytes)
    {
        (_prefix, _map, _vvvv) = (0, 0, 0);
        _w = _r = _x = _b = _l = _rex = false;
        _encoding = X64Encoding.Legacy;
        int first = bytes[_at];
        if (first == 0x62)
        {
            _encoding = X64Encoding.Evex;
            int start = bytes[_at + 1], middle = bytes[_at + 2];
            (_r, _x, _b, _map) = ((start & 0x80) == 0, (start & 0x40) == 0, (start & 0x20) == 0, start & 3);
            (_w, _vvvv, _prefix) = ((middle & 0x80) != 0, ~middle >> 3 & 15, middle & 3);
            _at += 4;
            return;
        }

        if (first is 0xc4 or 0xc5)
        {
            _encoding = X64Encoding.Vex;
            _r = (bytes[_at + 1] & 0x80) == 0;
            int last = bytes[_at + (first == 0xc4 ? 2 : 1)];
            _map = 1;
            if (first == 0xc4)
            {
                (_x, _b, _map) = ((bytes[_at + 1] & 0x40) == 0, (bytes[_at + 1] & 0x20) == 0, bytes[_at + 1] & 3);
                _w = (last & 0x80) != 0;
            }

            (_vvvv, _l, _prefix) = (~last >> 3 & 15, (last & 4) != 0, last & 3);
            _at += first == 0xc4 ? 3 : 2;
            return;
        }

        for (; bytes[_at] is 0x66 or 0xf2 or 0xf3; _at++) _prefix = bytes[_at] switch { 0xf3 => 2, 0xf2 => 3, _ => Math.Max(_prefix, 1) };
        if ((bytes[_at] & 0xf0) == 0x40)
        {
            int rex = bytes[_at++];
            (_rex, _w, _r, _x, _b) = (true, (rex & 8) != 0, (rex & 4) != 0, (rex & 2) != 0, (rex & 1) != 0);
        }

        if (bytes[_at] != 0x0f) return;
        _map = bytes[_at + 1] switch { 0x38 => 2, 0x3a => 3, _ => 1 };
        _at += _map == 1 ? 1 : 2;
    }

    private string Mnemonic(X64Row row) => row.Mnemonic switch
    {
        "cdq" when _w => "cqo",
        "movd" when _w => "movq",
        ['v', 'f', .. var fused] => "vf" + fused + (_w ? "sd" : "ss"),
        var name => name,
    };

    private string Operand(string operand, X64Row row, ReadOnlySpan<byte> bytes, string memory, int start)
    {
        char kind = operand[0];
        if (char.IsAsciiLetterLower(kind) || char.IsAsciiDigit(kind)) return operand == "rax" ? General(0, 'v') : operand;
        char size = operand[1];
        switch (kind)
        {
            case 'E' or 'W' or 'M' when _modrm < 0xc0: return (row.ShowsSize ? SizeName(size) : "") + memory;
            case 'E': return General(_modrm & 7 | (_b ? 8 : 0), size);
            case 'W': return Vector(_modrm & 7 | (_b ? 8 : 0), size);
            case 'G': return General(_modrm >> 3 & 7 | (_r ? 8 : 0), size);
            case 'V': return Vector(_modrm >> 3 & 7 | (_r ? 8 : 0), size);
            case 'H': return $"xmm{_vvvv}";
            case 'B': return General(_vvvv, size);
            case 'Z': return General(_opcode & 7 | (_b ? 8 : 0), size);
            case 'L': return $"xmm{bytes[_at++] >> 4}";
            case 'J':
                int distance = (int)Immediate(bytes, size);
                Target = start + _at + distance;
                return Number(Target.Value);
            default: return Number(Immediate(bytes, size));
        }
    }

    private long Immediate(ReadOnlySpan<byte> bytes, char size)
    {
        ReadOnlySpan<byte> here = bytes[_at..];
        if (size == 'b')
        {
            _at++;
            return (sbyte)here[0];
        }

        if (size == 'w' || (_prefix == 1 && _map == 0))
        {
            _at += 2;
            return BinaryPrimitives.ReadInt16LittleEndian(here);
        }

        if (size == 'v' && _w)
        {
            _at += 8;
            return BinaryPrimitives.ReadInt64LittleEndian(here);
        }

        _at += 4;
        return BinaryPrimitives.ReadInt32LittleEndian(here);
    }

    private string Memory(ReadOnlySpan<byte> bytes, int start, int unit)
    {
        int mode = _modrm >> 6, rm = _modrm & 7;
        int sib = rm == 4 ? bytes[_at++] : 0;
        int @base = (rm == 4 ? sib & 7 : rm) | (_b ? 8 : 0);
        int index = rm == 4 ? sib >> 3 & 7 | (_x ? 8 : 0) : 4;
        int displacement = 0;
        if (mode == 1) displacement = (sbyte)bytes[_at++] * unit;
        else if (mode == 2 || (mode == 0 && (@base & 7) == 5))
        {
            displacement = BinaryPrimitives.ReadInt32LittleEndian(bytes[_at..]);
            _at += 4;
        }

        if (mode == 0 && rm == 5) return displacement == 0 ? "[rip]" : $"[rip{Signed(displacement)}]";
        var text = new StringBuilder("[").Append(Registers[@base]);
        if (index != 4) text.Append('+').Append(Registers[index]).Append((sib >> 6) switch { 0 => "", 1 => "*2", 2 => "*4", _ => "*8" });
        else if (@base == 5) FrameDisplacement = displacement;
        if (displacement != 0) text.Append(Signed(displacement));
        return text.Append(']').ToString();
    }

    /// <summary>What a displacement of one byte counts: behind EVEX, operands.</summary>
    private int DisplacementUnit(X64Row row) => _encoding == X64Encoding.Evex ? Bytes(row.Operands.First(o => o[0] is 'E' or 'W')[1]) : 1;

    private string Vector(int number, char size) => (size == 'x' && _l ? "ymm" : "xmm") + number.ToString(CultureInfo.InvariantCulture);

    private string General(int number, char size)
    {
        int bytes = Bytes(size);
        if (bytes == 8) return Registers[number];
        if (number >= 8) return Registers[number] + bytes switch { 4 => "d", 2 => "w", _ => "b" };
        return bytes switch
        {
            4 => Legacy32[number],
            2 => Legacy16[number],
            _ => number >= 4 && !_rex ? HighBytes[number - 4] : Legacy8[number],
        };
    }

    private string SizeName(char size) => Bytes(size) switch { 1 => "byte", 2 => "word", 4 => "dword", 8 => "qword", _ => "xmmword" } + " ptr ";

    private int Bytes(char size) => size switch
    {
        'b' => 1,
        'w' => 2,
        'd' => 4,
        'q' => 8,
        'o' => 16,
        'x' => _l ? 32 : 16,
        'y' => _w ? 8 : 4,
        _ => _w ? 8 : _prefix == 1 && _encoding == X64Encoding.Legacy && !IsMandatory ? 2 : 4,
    };

    /// <summary>Whether the prefix 66 belongs to the opcode, and so says nothing of the size.</summary>
    private bool IsMandatory => _map >= 2;

    private static string Signed(int value) => (value < 0 ? "-" : "+") + Number(Math.Abs((long)value));

    private static string Number(long value)
    {
        if (value is > -10 and < 10) return value.ToString(CultureInfo.InvariantCulture);
        return value < 0 ? $"-0x{unchecked(-value):x}" : $"0x{value:x}";
    }
}
