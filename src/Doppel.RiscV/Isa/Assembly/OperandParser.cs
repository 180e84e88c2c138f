namespace Doppel.RiscV.Isa.Assembly;

/// <summary>Reads the operands of one instruction by the syntax of its row's format.</summary>
internal sealed class OperandParser
{
    private readonly ProgramBuilder _builder;
    private readonly InstructionRow _row;
    private readonly string _operands;
    private int _position;
    private Instruction _instruction;
    private string? _label;

    public OperandParser(ProgramBuilder builder, string mnemonic, string operands)
    {
        _builder = builder;
        _operands = operands;
        byte order = 0;
        foreach ((string suffix, byte bits) in (ReadOnlySpan<(string, byte)>)[(".aqrl", 3), (".aq", 2), (".rl", 1)])
        {
            if (!mnemonic.EndsWith(suffix, StringComparison.Ordinal)) continue;
            mnemonic = mnemonic[..^suffix.Length];
            order = bits;
            break;
        }

        _row = InstructionTable.Find(mnemonic) ?? throw new ArgumentException($"unknown instruction {mnemonic}");
        _instruction = new(_row.Op, _row.ImpliedRd, _row.ImpliedRs1, 0, 0, _row.IsOrdered ? order : _row.IsRounded ? RoundingModeNames.Default(_row.Op) : (byte)0, (byte)_row.Length, _row.ImpliedImmediate);
    }

    public void Assemble()
    {
        foreach (char c in _row.Format.Syntax) Part(c);
        if (_position < _operands.Length) throw new ArgumentException($"unexpected '{_operands[_position..]}'");

        // A compressed register that is rd and rs1 is written once.
        if (_row.Rd.Exists && _row.Rs1.Exists && _row.Rd.Shift == _row.Rs1.Shift) _instruction = _instruction with { Rs1 = _instruction.Rd };
        if (_label is not null)
        {
            if (_row.IsCompressed) throw new ArgumentException("labels need the four-byte instruction");
            _builder.EmitTo(_label, _row.Op, _instruction.Rd, _instruction.Rs1, _instruction.Rs2);
            return;
        }

        if (!Encoder.TryEncode(_row, _instruction, out uint word)) throw new ArgumentException("an operand does not fit");
        if (Decoder.Full.Find(word) is { } found && found != _row && found.Op != _row.Op) throw new ArgumentException($"these operands make it {found}");
        if (_row.IsCompressed) _builder.Half((ushort)word);
        else _builder.Word(word);
    }

    private void Part(char c)
    {
        switch (c)
        {
            case 'd': _instruction = _instruction with { Rd = Register(_row.Rd) }; break;
            case 's': _instruction = _instruction with { Rs1 = Register(_row.Rs1) }; break;
            case 't': _instruction = _instruction with { Rs2 = Register(_row.Rs2) }; break;
            case 'u': _instruction = _instruction with { Rs3 = Register(_row.Rs3) }; break;
            case 'z': _instruction = _instruction with { Rs1 = Constant(Token()) }; break;
            case 'i': _instruction = _instruction with { Imm = Immediate(Token()) }; break;
            case 'U': _instruction = _instruction with { Imm = Upper(Token()) }; break;
            case 'c': _instruction = _instruction with { Imm = CsrNames.TryParse(Token(), out int csr) ? csr : throw new ArgumentException("unknown CSR") }; break;
            case 'f': Fence(); break;
            case 'p': Target(Token()); break;
            case 'm':
                if (_position < _operands.Length) _instruction = _instruction with { Rm = RoundingModeNames.TryParse(Token(), out byte mode) ? mode : throw new ArgumentException("unknown rounding mode") };
                break;
            case ',' when _position >= _operands.Length && _row.IsRounded: break;
            default: Expect(c); break;
        }
    }

    private byte Register(RegisterField field)
    {
        string name = Token();
        OperandKind wanted = field.Kind == OperandKind.F ? OperandKind.F : OperandKind.X;
        if (!RegisterNames.TryParse(name, out OperandKind kind, out byte number) || kind != wanted)
            throw new ArgumentException($"'{name}' is no {(wanted == OperandKind.F ? "floating-point" : "integer")} register");
        return number;
    }

    private byte Constant(string text)
    {
        if (_row.Format != Format.Constant) return checked((byte)Assembler.Number(text));
        for (byte i = 0; i < 32; i++)
        {
            if (FloatConstants.Names[i] == text) return i;
        }

        throw new ArgumentException($"'{text}' is none of the constants");
    }

    /// <summary>"(a0)" stands for "0(a0)".</summary>
    private int Immediate(string text) => text.Length == 0 && _position < _operands.Length && _operands[_position] == '(' ? 0 : checked((int)Assembler.Number(text));

    private static int Upper(string text)
    {
        long value = Assembler.Number(text);
        if (value is < -0x80000 or > 0xfffff) throw new ArgumentException("an upper immediate has 20 bits");
        return (int)(value << 12);
    }

    private void Fence()
    {
        if (_operands.Length == 0)
        {
            _instruction = _instruction with { Imm = 0x0ff };
            return;
        }

        if (!FenceSets.TryParse(Token(), out int before)) throw new ArgumentException("a fence set has the letters i, o, r, w");
        Expect(',');
        if (!FenceSets.TryParse(Token(), out int after)) throw new ArgumentException("a fence set has the letters i, o, r, w");
        _instruction = _instruction with { Imm = (before << 4) | after };
    }

    private void Target(string text)
    {
        if (text.Length > 0 && (char.IsAsciiDigit(text[0]) || text[0] == '-')) _instruction = _instruction with { Imm = checked((int)unchecked((long)((ulong)Assembler.Number(text) - _builder.Here))) };
        else _label = text;
    }

    private string Token()
    {
        SkipSpace();
        int start = _position;
        while (_position < _operands.Length && _operands[_position] is not (',' or '(' or ')')) _position++;
        return _operands[start.._position].Trim();
    }

    private void Expect(char c)
    {
        SkipSpace();
        if (_position >= _operands.Length || _operands[_position] != c) throw new ArgumentException($"'{c}' expected");
        _position++;
        SkipSpace();
    }

    private void SkipSpace()
    {
        while (_position < _operands.Length && char.IsWhiteSpace(_operands[_position])) _position++;
    }
}
