using System.Numerics;
using System.Runtime.CompilerServices;

namespace Doppel.CodeGen.Ir;

/// <summary>What the integer operations mean, exactly: for the interpreter and for folding constants.</summary>
public static class IrInteger
{
    /// <summary>Bytes in memory.</summary>
    public static int Size(IrType type) => type switch
    {
        IrType.I64 or IrType.F64 => 8,
        IrType.U32 or IrType.S32 or IrType.F32 => 4,
        IrType.U16 or IrType.S16 => 2,
        _ => 1,
    };

    /// <summary>The low bits of a value, filled up to 64 as the type says; for <see cref="IrType.F32"/> with ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Extend(IrType type, ulong value) => type switch
    {
        IrType.U32 => (uint)value,
        IrType.S32 => (ulong)(int)value,
        IrType.U16 => (ushort)value,
        IrType.S16 => (ulong)(short)value,
        IrType.U8 => (byte)value,
        IrType.S8 => (ulong)(sbyte)value,
        IrType.F32 => value | 0xffff_ffff_0000_0000,
        _ => value,
    };

    public static bool Holds(IrCondition condition, ulong a, ulong b) => condition switch
    {
        IrCondition.Equal => a == b,
        IrCondition.NotEqual => a != b,
        IrCondition.LessSigned => (long)a < (long)b,
        IrCondition.GreaterOrEqualSigned => (long)a >= (long)b,
        IrCondition.LessUnsigned => a < b,
        _ => a >= b,
    };

    /// <summary>The result of an operation from <see cref="IrOpcode.Mov"/> to <see cref="IrOpcode.Select"/>.</summary>
    public static ulong Evaluate(IrOpcode code, IrType type, byte detail, ulong a, ulong b, ulong c) => code switch
    {
        IrOpcode.Mov => Extend(type, a),
        IrOpcode.ShlAdd => ((type == IrType.U32 ? (uint)a : a) << (int)(c & 63)) + b,
        IrOpcode.Set => Holds((IrCondition)detail, a, b) ? 1UL : 0,
        IrOpcode.Select => a != 0 ? b : c,
        _ when type == IrType.I64 => Wide(code, a, b),
        _ => Extend(type, Narrow(code, (uint)a, (uint)b)),
    };

    private static ulong Carryless(ulong a, ulong b, bool high)
    {
        ulong product = 0;
        for (int bit = high ? 1 : 0; bit < 64; bit++)
        {
            if ((b >> bit & 1) != 0) product ^= high ? a >> (64 - bit) : a << bit;
        }

        return product;
    }

    private static ulong Wide(IrOpcode code, ulong a, ulong b)
    {
        int count = (int)b & 63;
        switch (code)
        {
            case IrOpcode.Add: return a + b;
            case IrOpcode.Sub: return a - b;
            case IrOpcode.Mul: return a * b;
            case IrOpcode.MulHighS: return (ulong)Math.BigMul((long)a, (long)b, out _);
            case IrOpcode.MulHighU: return Math.BigMul(a, b, out _);
            case IrOpcode.MulHighSU: return Math.BigMul(a, b, out _) - ((long)a < 0 ? b : 0);
            case IrOpcode.MulCarryless or IrOpcode.MulCarrylessHigh: return Carryless(a, b, high: code == IrOpcode.MulCarrylessHigh);
            case IrOpcode.DivS: return b == 0 ? ulong.MaxValue : b == ulong.MaxValue ? 0 - a : (ulong)((long)a / (long)b);
            case IrOpcode.DivU: return b == 0 ? ulong.MaxValue : a / b;
            case IrOpcode.RemS: return b == 0 ? a : b == ulong.MaxValue ? 0 : (ulong)((long)a % (long)b);
            case IrOpcode.RemU: return b == 0 ? a : a % b;
            case IrOpcode.Shl: return a << count;
            case IrOpcode.Shr: return a >> count;
            case IrOpcode.Sar: return (ulong)((long)a >> count);
            case IrOpcode.Rol: return BitOperations.RotateLeft(a, count);
            case IrOpcode.Ror: return BitOperations.RotateRight(a, count);
            case IrOpcode.MinS: return (ulong)Math.Min((long)a, (long)b);
            case IrOpcode.MaxS: return (ulong)Math.Max((long)a, (long)b);
            case IrOpcode.MinU: return Math.Min(a, b);
            case IrOpcode.MaxU: return Math.Max(a, b);
            case IrOpcode.Clz: return (ulong)BitOperations.LeadingZeroCount(a);
            case IrOpcode.Ctz: return (ulong)BitOperations.TrailingZeroCount(a);
            case IrOpcode.Popcount: return (ulong)BitOperations.PopCount(a);
            case IrOpcode.ByteSwap: return System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(a);
            case IrOpcode.BitSet: return a | 1UL << count;
            case IrOpcode.BitClear: return a & ~(1UL << count);
            case IrOpcode.BitFlip: return a ^ 1UL << count;
            case IrOpcode.BitTest: return a >> count & 1;
            default: return Bitwise(code, a, b);
        }
    }

    private static uint Narrow(IrOpcode code, uint a, uint b)
    {
        int count = (int)b & 31;
        switch (code)
        {
            case IrOpcode.Add: return a + b;
            case IrOpcode.Sub: return a - b;
            case IrOpcode.Mul: return a * b;
            case IrOpcode.DivS: return b == 0 ? uint.MaxValue : b == uint.MaxValue ? 0 - a : (uint)((int)a / (int)b);
            case IrOpcode.DivU: return b == 0 ? uint.MaxValue : a / b;
            case IrOpcode.RemS: return b == 0 ? a : b == uint.MaxValue ? 0 : (uint)((int)a % (int)b);
            case IrOpcode.RemU: return b == 0 ? a : a % b;
            case IrOpcode.Shl: return a << count;
            case IrOpcode.Shr: return a >> count;
            case IrOpcode.Sar: return (uint)((int)a >> count);
            case IrOpcode.Rol: return BitOperations.RotateLeft(a, count);
            case IrOpcode.Ror: return BitOperations.RotateRight(a, count);
            case IrOpcode.Clz: return (uint)BitOperations.LeadingZeroCount(a);
            case IrOpcode.Ctz: return (uint)BitOperations.TrailingZeroCount(a);
            case IrOpcode.Popcount: return (uint)BitOperations.PopCount(a);
            default: return (uint)Bitwise(code, a, b);
        }
    }

    private static ulong Bitwise(IrOpcode code, ulong a, ulong b) => code switch
    {
        IrOpcode.And => a & b,
        IrOpcode.Or => a | b,
        IrOpcode.Xor => a ^ b,
        IrOpcode.AndNot => a & ~b,
        IrOpcode.OrNot => a | ~b,
        IrOpcode.XorNot => a ^ ~b,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "This is no integer operation of this type."),
    };
}
