// A 2.1 (Zalrsc, Zaamo), Zawrs 1.0: RISC-V Unprivileged ISA.
namespace Doppel.RiscV.Isa.Rows;

/// <summary>Atomic memory operations, and waiting on a reservation.</summary>
internal static class AtomicRows
{
    private const string Reserved = "a-st-ext: Load-Reserved/Store-Conditional Instructions";
    private const string Amo = "a-st-ext: Atomic Memory Operations";
    private const string Wait = "zawrs: Wait-on-Reservation-Set Instructions";

    public static readonly InstructionRow[] All =
    [
        new(Op.LrW, "lr.w", "00010 mm 00000 sssss 010 ddddd 0101111", Format.LoadReserved, Extension.A, Reserved),
        new(Op.ScW, "sc.w", "00011 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Reserved),
        new(Op.LrD, "lr.d", "00010 mm 00000 sssss 011 ddddd 0101111", Format.LoadReserved, Extension.A, Reserved),
        new(Op.ScD, "sc.d", "00011 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Reserved),

        new(Op.AmoswapW, "amoswap.w", "00001 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoaddW, "amoadd.w", "00000 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoxorW, "amoxor.w", "00100 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoandW, "amoand.w", "01100 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoorW, "amoor.w", "01000 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmominW, "amomin.w", "10000 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmomaxW, "amomax.w", "10100 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmominuW, "amominu.w", "11000 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmomaxuW, "amomaxu.w", "11100 mm ttttt sssss 010 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoswapD, "amoswap.d", "00001 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoaddD, "amoadd.d", "00000 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoxorD, "amoxor.d", "00100 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoandD, "amoand.d", "01100 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmoorD, "amoor.d", "01000 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmominD, "amomin.d", "10000 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmomaxD, "amomax.d", "10100 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmominuD, "amominu.d", "11000 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),
        new(Op.AmomaxuD, "amomaxu.d", "11100 mm ttttt sssss 011 ddddd 0101111", Format.Amo, Extension.A, Amo),

        new(Op.WrsNto, "wrs.nto", "000000001101 00000 000 00000 1110011", Format.None, Extension.Zawrs, Wait),
        new(Op.WrsSto, "wrs.sto", "000000011101 00000 000 00000 1110011", Format.None, Extension.Zawrs, Wait),
    ];
}
