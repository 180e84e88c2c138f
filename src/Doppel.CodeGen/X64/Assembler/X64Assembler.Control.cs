namespace Doppel.CodeGen.X64.Assembler;

/// <summary>Labels, jumps, calls and instructions without operands.</summary>
internal sealed partial class X64Assembler
{
    private int[] _labelPositions = new int[64];
    private (int Position, int Label, bool Short)[] _fixupList = new (int, int, bool)[64];
    private int _labels;
    private int _fixups;

    public Label NewLabel()
    {
        if (_labels == _labelPositions.Length) Array.Resize(ref _labelPositions, 2 * _labels);
        _labelPositions[_labels] = -1;
        return new Label(_labels++);
    }

    /// <summary>So many labels at once, with the numbers from 0 on: only after <see cref="Reset"/>.</summary>
    public void NewLabels(int count)
    {
        if (_labelPositions.Length < count) _labelPositions = new int[2 * count];
        _labelPositions.AsSpan(0, count).Fill(-1);
        _labels = count;
    }

    /// <summary>The label is here.</summary>
    public void Bind(Label label)
    {
        System.Diagnostics.Debug.Assert(_labelPositions[label.Number] < 0);
        _labelPositions[label.Number] = _position;
    }

    public bool IsBound(Label label) => _labelPositions[label.Number] >= 0;

    /// <summary>Where a bound label is.</summary>
    public int PositionOf(Label label) => _labelPositions[label.Number];

    /// <summary>Writes the displacements of all jumps to labels so far; every label that was used must be bound.</summary>
    public void ResolveLabels()
    {
        for (int i = 0; i < _fixups; i++)
        {
            (int position, int label, bool isShort) = _fixupList[i];
            int target = _labelPositions[label];
            System.Diagnostics.Debug.Assert(target >= 0);
            if (isShort)
            {
                int distance = target - (position + 1);
                System.Diagnostics.Debug.Assert(IsSByte(distance));
                _buffer[position] = (byte)distance;
            }
            else
            {
                Patch(position, target - (position + 4));
            }
        }

        _fixups = 0;
    }

    /// <summary>Jumps in the shortest form for a label that is bound and near, with 32 bits otherwise.</summary>
    public void Jmp(Label label)
    {
        if (IsNear(label)) JmpShort(label);
        else JmpLong(label);
    }

    /// <summary>As <see cref="Jmp(Label)"/>.</summary>
    public void Jcc(Cc condition, Label label)
    {
        if (IsNear(label)) JccShort(condition, label);
        else JccLong(condition, label);
    }

    /// <summary>As <see cref="Jmp(Label)"/>, to an offset where code has been written already.</summary>
    public void JmpBack(int target)
    {
        if (IsNear(target)) Short(0xEB | (ulong)(byte)(target - (_position + 2)) << 8, 2);
        else Lead(JmpLong(), target);
    }

    /// <summary>As <see cref="JmpBack"/>.</summary>
    public void JccBack(Cc condition, int target)
    {
        if (IsNear(target)) Short(0x70UL | (ulong)condition | (ulong)(byte)(target - (_position + 2)) << 8, 2);
        else Lead(JccLong(condition), target);
    }

    /// <summary>The jump or call with the displacement at an offset leads to another offset.</summary>
    public void Lead(int displacement, int target) => Patch(displacement, target - (displacement + sizeof(int)));

    /// <summary>With a displacement of 32 bits, whose offset is returned.</summary>
    public int JmpLong(Label label)
    {
        int displacement = JmpLong();
        Lead(displacement, label);
        return displacement;
    }

    /// <summary>With a displacement of 32 bits, whose offset is returned.</summary>
    public int JccLong(Cc condition, Label label)
    {
        int displacement = JccLong(condition);
        Lead(displacement, label);
        return displacement;
    }

    /// <summary>With a displacement of 8 bits: the caller knows that the label is, or will be, within 127 bytes.</summary>
    public void JmpShort(Label label)
    {
        Short(0xEB, 2);
        Fix(_position - 1, label, true);
    }

    /// <summary>As <see cref="JmpShort"/>.</summary>
    public void JccShort(Cc condition, Label label)
    {
        Short(0x70UL | (ulong)condition, 2);
        Fix(_position - 1, label, true);
    }

    /// <summary>Returns the offset of the displacement.</summary>
    public int Call(Label label)
    {
        int displacement = Call();
        Lead(displacement, label);
        return displacement;
    }

    /// <summary>With a displacement of 32 bits that somebody else will know; its offset is returned.</summary>
    public int JmpLong()
    {
        Short(0xE9, 5);
        return _position - 4;
    }

    /// <summary>As <see cref="JmpLong()"/>.</summary>
    public int JccLong(Cc condition)
    {
        Short(0x800FUL | (ulong)condition << 8, 6);
        return _position - 4;
    }

    /// <summary>As <see cref="JmpLong()"/>.</summary>
    public int Call()
    {
        Short(0xE8, 5);
        return _position - 4;
    }

    /// <summary>As <see cref="JmpLong()"/>, with a number in ecx.</summary>
    public int CallWith(uint ecx)
    {
        // The displacement in a write of its own: they are ten bytes.
        Short(0xB9 | (ulong)ecx << 8 | 0xE8UL << 40, 6);
        Short(0, 4);
        return _position - 4;
    }

    /// <summary>The instructions from an offset on, for <see cref="Repeat"/>: position-independent but for the displacement of a jump at another offset.</summary>
    /// <exception cref="InvalidOperationException">They are longer than <see cref="CodeTemplate.Room"/>.</exception>
    public CodeTemplate CodeFrom(int offset, int displacement)
    {
        if (_position - offset > CodeTemplate.Room) throw new InvalidOperationException($"{_position - offset} bytes of code are too many for a template.");
        while (_buffer.Length - offset < CodeTemplate.Room) Grow();
        return new CodeTemplate(_buffer[offset..(offset + CodeTemplate.Room)], _position - offset, displacement - offset);
    }

    /// <summary>Writes instructions once more; returns the offset of the displacement in them.</summary>
    public int Repeat(CodeTemplate template)
    {
        byte[] buffer = _buffer;
        int start = _position;
        if (LacksRoom(buffer, start, CodeTemplate.Room))
        {
            Grow();
            return Repeat(template);
        }

        template.Code.AsSpan(0, CodeTemplate.Room).CopyTo(buffer.AsSpan(start, CodeTemplate.Room));
        _position = start + template.Length;
        return start + template.Displacement;
    }

    /// <summary>The jump with the displacement at an offset leads to a label.</summary>
    public void Lead(int displacement, Label label) => Fix(displacement, label, false);

    /// <summary>rip-relative address of a label; returns the offset of the displacement.</summary>
    public int Lea(Gpr d, Label label)
    {
        Lea(OperandSize.Qword, d, Mem.Rip());
        Fix(_position - 4, label, false);
        return _position - 4;
    }

    public void Jmp(Rm target) => Encode(0xFF, 4, target.Bits, target.Displacement);

    public void Call(Rm target) => Encode(0xFF, 2, target.Bits, target.Displacement);

    public void Ret() => Short(0xC3, 1);

    /// <summary>Removes so many bytes of arguments, too.</summary>
    public void Ret(int arguments) => Short(0xC2UL | (ulong)(ushort)arguments << 8, 3);

    /// <summary>A constant, sign-extended to 64 bits.</summary>
    public void Push(int value)
    {
        Short(0x68, 1);
        Imm32(value);
    }

    public void Push(Gpr s) => Encode1(0x50, s);

    public void Pop(Gpr d) => Encode1(0x58, d);

    public void Int3() => Short(0xCC, 1);

    public void Ud2() => Short(0x0B0F, 2);

    /// <summary>Before an instruction that modifies memory.</summary>
    public void Lock() => Short(0xF0, 1);

    public void Mfence() => Short(0xF0AE0F, 3);

    public void Pause() => Short(0x90F3, 2);

    /// <summary>Does nothing with any number of bytes, in as few instructions as the manual recommends (at most nine bytes each).</summary>
    public void Nop(int bytes)
    {
        for (; bytes > 0; bytes -= 9)
        {
            int length = Math.Min(bytes, 9);
            Short(length switch
            {
                1 => 0x90,
                2 => 0x9066,
                3 => 0x00_1F0F,
                4 => 0x0040_1F0F,
                5 => 0x0044_1F0F,
                6 => 0x441F_0F66,
                7 => 0x0080_1F0F,
                8 => 0x0084_1F0F,
                _ => 0x841F_0F66,
            }, Math.Min(length, 8));
            if (length == 9) Imm8(0);
        }
    }

    private bool IsNear(Label label) => IsBound(label) && IsNear(PositionOf(label));

    private bool IsNear(int target) => _position + 2 - target <= 128;

    private void Fix(int position, Label label, bool isShort)
    {
        if (_fixups == _fixupList.Length) Array.Resize(ref _fixupList, 2 * _fixups);
        _fixupList[_fixups++] = (position, label.Number, isShort);
    }

    /// <summary>Instructions with the register in the opcode.</summary>
    private void Encode1(uint opcode, Gpr register)
    {
        uint low = opcode | (uint)register & 7;
        if (register < Gpr.R8) Short(low, 1);
        else Short(0x41 | low << 8, 2);
    }
}
