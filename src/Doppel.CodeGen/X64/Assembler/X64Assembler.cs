using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.X64.Assembler;

/// <summary>
/// Writes x86-64 instructions into a growing buffer (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2). Operands come in Intel's order, the
/// destination first. Nothing is checked in release builds: the caller keeps to what each method says.
/// </summary>
internal sealed partial class X64Assembler
{
    // How opcodes are written down here: bits 0–7 opcode, 8–9 map (0, 1: 0F, 2: 0F 38, 3: 0F 3A), 10–11 prefix as VEX numbers them (66, F3, F2), 12 W, 14 VEX.L.
    private const uint Map0F = 1 << 8;
    private const uint Map0F38 = 2 << 8;
    private const uint Map0F3A = 3 << 8;
    private const uint MapMask = 3 << 8;
    private const int PrefixShift = 10;
    private const uint P66 = 1 << PrefixShift;
    private const uint PF3 = 2 << PrefixShift;
    private const uint PF2 = 3 << PrefixShift;
    private const int WShift = 12;
    private const uint W = 1 << WShift;

    /// <summary>A byte register takes part: without REX numbers 4–7 would be ah, ch, dh and bh.</summary>
    private const uint Rex = 1 << 13;

    /// <summary>256 bits.</summary>
    private const uint L = 1 << LShift;
    private const int LShift = 14;

    /// <summary>Room that every instruction may rely on.</summary>
    private const int Slack = 32;

    private byte[] _buffer = new byte[4096];
    private int _position;

    /// <summary>Offset of the next instruction from the first.</summary>
    public int Position => _position;

    /// <summary>The bytes so far. Displacements of labels are right only after <see cref="ResolveLabels"/>.</summary>
    public ReadOnlySpan<byte> Code => _buffer.AsSpan(0, _position);

    /// <summary>Forgets code and labels, keeps memory.</summary>
    public void Reset()
    {
        _position = 0;
        _labels = 0;
        _fixups = 0;
    }

    /// <summary>Overwrites four bytes.</summary>
    public void Patch(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(offset, 4), value);

    /// <summary>Data among the code.</summary>
    public void Data(ulong value)
    {
        Reserve();
        Put64(value);
        _position += 8;
    }

    /// <summary>Fills with no-operation instructions up to a multiple of <paramref name="alignment"/>, a power of two.</summary>
    public void Align(int alignment) => Nop(-_position & (alignment - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve()
    {
        if (_buffer.Length - _position < Slack) Grow();
    }

    private byte[] Grow()
    {
        Array.Resize(ref _buffer, 2 * _buffer.Length);
        return _buffer;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_position), value);

    /// <summary>An instruction of at most eight bytes, the first one lowest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Short(ulong bytes, int length)
    {
        byte[] buffer = _buffer;
        int position = _position;
        if (LacksRoom(buffer, position))
        {
            GrowForShort(bytes, length);
            return;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(buffer.AsSpan(position, Slack), bytes);
        _position = position + length;
    }

    private void GrowForShort(ulong bytes, int length)
    {
        Grow();
        Short(bytes, length);
    }

    /// <summary>Asked in the very words of <see cref="Span{T}"/>, so that the compiler does not ask once more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool LacksRoom(byte[] buffer, int position, int room = Slack) => (ulong)(uint)position + (ulong)(uint)room > (ulong)(uint)buffer.Length;

    /// <summary>Appends to an instruction.</summary>
    private void Imm8(int value) => _buffer[_position++] = (byte)value;

    private void Imm32(int value)
    {
        Patch(_position, value);
        _position += 4;
    }

    private void Imm(OperandSize size, int value)
    {
        Patch(_position, value);
        _position += size switch { OperandSize.Byte => 1, OperandSize.Word => 2, _ => 4 };
    }

    private static bool IsSByte(int value) => value == (sbyte)value;

    /// <summary>Prefix, REX, opcode, ModRM, SIB and displacement.</summary>
    /// <remarks>Most of what the backend does comes down to this: its code stands once, and needs no register that would have to be saved.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Encode(uint op, uint reg, uint rm, int displacement)
    {
        byte[] buffer = _buffer;
        int position = _position;
        if (LacksRoom(buffer, position))
        {
            GrowAndEncode(op, reg, rm, displacement);
            return;
        }

        Span<byte> room = buffer.AsSpan(position, Slack);

        // From the opcode towards the front: what may be missing is put before what is there.
        ulong bytes = op & 0xFF;
        int shift = 8;
        uint map = op & MapMask;
        if (map != 0)
        {
            bytes = map == Map0F ? bytes << 8 | 0x0F : bytes << 16 | (map == Map0F38 ? 0x38_0FUL : 0x3A_0FUL);
            shift = map == Map0F ? 16 : 24;
        }

        // W, R, X and B, each from where it is to its place.
        uint rex = op >> (WShift - 3) & 8 | reg >> 1 & 4 | rm >> 6 & 2 | rm >> 3 & 1;
        if ((rex | op & Rex) != 0)
        {
            bytes = bytes << 8 | 0x40 | rex;
            shift += 8;
        }

        uint prefix = op >> PrefixShift & 3;
        if (prefix != 0)
        {
            bytes = bytes << 8 | 0xF2F3_6600u >> (int)(8 * prefix) & 0xFF;
            shift += 8;
        }

        Finish(room, bytes, shift, reg, rm, displacement);
    }

    /// <summary>Whether <see cref="Wide"/> can have it: a register, or memory without an index, whose base needs none either.</summary>
    private static bool IsPlain(uint rm) => (rm & (RmBits.HasSib | RmBits.Rip)) == 0;

    /// <summary>As <see cref="Encode"/>, of 64 bits, with an opcode of one byte and a plain operand: whatever touches slots. They are seven bytes at most, and written at once.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Wide(uint opcode, uint reg, uint rm, int displacement)
    {
        ulong bytes = 0x48 | reg >> 1 & 4 | rm >> 3 & 1 | opcode << 8 | ((reg & 7) << 3 | rm & 7) << 16 | (ulong)(uint)displacement << 24;
        (uint mode, int length) = (0x40, 4);
        if ((rm & RmBits.Memory) == 0) (mode, length) = (0xC0, 3);
        else if (!IsSByte(displacement)) (mode, length) = (0x80, 7);
        else if (displacement == 0 && (rm & 7) != 5) (mode, length) = (0, 3);
        Short(bytes | mode << 16, length);
    }

    private void GrowAndEncode(uint op, uint reg, uint rm, int displacement)
    {
        Grow();
        Encode(op, reg, rm, displacement);
    }

    /// <summary>VEX (of two bytes where possible), opcode, ModRM, SIB and displacement.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EncodeVex(uint op, uint reg, uint second, uint rm, int displacement)
    {
        Reserve();
        ulong bytes;
        int shift;
        uint last = (op >> WShift & 1) << 7 | (~second & 15) << 3 | op >> (LShift - 2) & 4 | op >> PrefixShift & 3;
        if ((op & (W | Map0F38)) == 0 && (rm & 0x88) == 0)
        {
            bytes = 0xC5 | (ulong)(last | (~reg & 8) << 4) << 8;
            shift = 16;
        }
        else
        {
            uint inverted = (~reg & 8) << 4 | (~rm & 0x80) >> 1 | (~rm & 8) << 2;
            bytes = 0xC4 | (inverted | op >> 8 & 3) << 8 | last << 16;
            shift = 24;
        }

        Finish(_buffer.AsSpan(_position, Slack), bytes | (ulong)(op & 0xFF) << shift, shift + 8, reg, rm, displacement);
    }

    /// <summary>ModRM, SIB and displacement, behind the first bytes; they all fit 64 bits but for a displacement of 32 bits.</summary>
    /// <param name="unit">A displacement of one byte counts units of 1 &lt;&lt; this many bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(Span<byte> room, ulong bytes, int shift, uint reg, uint rm, int displacement, int unit = 0)
    {
        int position = _position;
        ulong modrm = (reg & 7) << 3 | rm & 7;
        if ((rm & RmBits.Memory) == 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(room, bytes | (modrm | 0xC0) << shift);
            _position = position + (shift >> 3) + 1;
            return;
        }

        uint low = rm & 7;
        int start = shift;
        if ((rm & RmBits.HasSib) != 0)
        {
            modrm = modrm & ~7UL | 4 | (rm >> RmBits.ScaleShift & 3) << 14 | (rm >> RmBits.IndexShift & 7) << 11 | low << 8;
            shift += 8;
        }

        shift += 8;
        bytes |= modrm << start;
        if ((rm & RmBits.Rip) != 0)
        {
            // ModRM's rm 5 without a displacement.
            bytes |= 5UL << start;
        }
        else if (displacement == 0 && low != 5)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(room, bytes);
            _position = position + (shift >> 3);
            return;
        }
        else if (IsSByte(displacement >> unit) && displacement >> unit << unit == displacement)
        {
            // All of it is in the eight bytes, too.
            BinaryPrimitives.WriteUInt64LittleEndian(room, bytes | 0x40UL << start | (ulong)(byte)(displacement >> unit) << shift);
            _position = position + (shift >> 3) + 1;
            return;
        }
        else
        {
            bytes |= 0x80UL << start;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(room, bytes);
        BinaryPrimitives.WriteInt32LittleEndian(room[(shift >> 3)..], displacement);
        _position = position + (shift >> 3) + sizeof(int);
    }
}
