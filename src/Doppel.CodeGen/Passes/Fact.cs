using System.Runtime.CompilerServices;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.Passes;

/// <summary>What is known of the value of a slot or a temporary.</summary>
internal enum FactKind : byte
{
    Nothing,

    /// <summary>It is <see cref="Fact.Value"/>.</summary>
    Constant,

    /// <summary>It is the slot <see cref="Fact.Base"/>, as that was at its <see cref="Fact.BaseWrittenAt"/>, plus <see cref="Fact.Value"/>.</summary>
    Offset,
}

/// <summary>What the forward pass knows of one slot or temporary; valid in the block that it has the number of.</summary>
internal struct Fact
{
    public long Value;
    public int Block;

    /// <summary>The operation that wrote it.</summary>
    public int WrittenAt;
    public int BaseWrittenAt;
    public short Base;
    public FactKind Kind;

    /// <summary>Bit t: extending the value as type t says changes nothing.</summary>
    public byte Extensions;

    /// <summary>The <see cref="Extensions"/> of all values that a type's extension can give.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ExtensionsOf(IrType type) => ExtensionsOfTypes[(int)type];

    /// <summary>The <see cref="Extensions"/> of all values from 0 to a limit.</summary>
    public static byte ExtensionsUpTo(ulong limit)
    {
        int result = 0;
        if (limit <= uint.MaxValue) result |= 1 << (int)IrType.U32;
        if (limit <= int.MaxValue) result |= 1 << (int)IrType.S32;
        if (limit <= ushort.MaxValue) result |= 1 << (int)IrType.U16;
        if (limit <= (ulong)short.MaxValue) result |= 1 << (int)IrType.S16;
        if (limit <= byte.MaxValue) result |= 1 << (int)IrType.U8;
        if (limit <= (ulong)sbyte.MaxValue) result |= 1 << (int)IrType.S8;
        return (byte)result;
    }

    // In the order of the types; a table, as nobody can predict which one comes.
    private static ReadOnlySpan<byte> ExtensionsOfTypes =>
    [
        0,
        1 << (int)IrType.U32,
        1 << (int)IrType.S32,
        1 << (int)IrType.U16 | 1 << (int)IrType.U32 | 1 << (int)IrType.S32,
        1 << (int)IrType.S16 | 1 << (int)IrType.S32,
        1 << (int)IrType.U8 | 1 << (int)IrType.U16 | 1 << (int)IrType.S16 | 1 << (int)IrType.U32 | 1 << (int)IrType.S32,
        1 << (int)IrType.S8 | 1 << (int)IrType.S16 | 1 << (int)IrType.S32,
        0,
        0,
    ];
}
