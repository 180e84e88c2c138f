// Implements: NaN boxing of narrower values, RISC-V unprivileged ISA, "D" extension, NaN boxing of narrower values.
using System.Runtime.CompilerServices;

namespace Doppel.RiscV.Float;

/// <summary>
/// Narrow values in 64-bit f registers: all bits above the value are ones. A register that is not so reads as the canonical NaN of the
/// narrow format – by arithmetic; moves and stores take the low bits as they are.
/// </summary>
internal static class NanBox
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Box<TFormat>(ulong bits)
        where TFormat : struct, IBinaryFormat
    {
        return bits | ~Layout<TFormat>.Mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Unbox<TFormat>(ulong register)
        where TFormat : struct, IBinaryFormat
    {
        return (register | Layout<TFormat>.Mask) == ulong.MaxValue ? register & Layout<TFormat>.Mask : Layout<TFormat>.CanonicalNaN;
    }

    public static ulong Box16(ulong bits) => Box<Binary16>(bits);

    public static ulong Unbox16(ulong register) => Unbox<Binary16>(register);

    public static ulong Box32(ulong bits) => Box<Binary32>(bits);

    public static ulong Unbox32(ulong register) => Unbox<Binary32>(register);
}
