using Doppel.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Only the slots: 0–15 and 32–47 are integers and vectors, the even ones with registers as far as these go.</summary>
internal sealed class TestFrontEnd : IFrontEnd
{
    public const int FirstFloat = 32;
    public const int Pc = 64;

    /// <summary>A number of the test's own; the guest of these tests has none that matter.</summary>
    public const int Reservation = 66;

    /// <summary>Slots, but for the engine's.</summary>
    public const int Count = 256;

    public int PcSlot => Pc;

    public ReadOnlySpan<byte> HotIntegerSlots => [10, 11, 12, 13, 14, 15, 2, 8, 9, 16, 17, 1, 18];

    public ReadOnlySpan<byte> HotFloatSlots => [42, 43, 44, 45, 46, 47, 48, 49, 40, 41, 32, 33, 34, 35, 36];

    public bool NeedsNextPage(ReadOnlySpan<byte> page, int entry) => false;

    public bool KeepsView(uint mode) => false;

    public void Translate(in GuestCode code, IrRegion region) => throw new NotSupportedException();
}
