using Doppel.RiscV.Isa.Rows;

namespace Doppel.RiscV.Isa;

/// <summary>All rows. Whoever wants to know something of the instruction set asks here.</summary>
public static class InstructionTable
{
    /// <summary>Every row, compressed ones and reserved encodings included.</summary>
    public static IReadOnlyList<InstructionRow> Rows { get; } =
    [
        .. BaseRows.All, .. MulDivRows.All, .. AtomicRows.All, .. FloatRows.All, .. DoubleRows.All, .. HalfRows.All, .. ZfaRows.All,
        .. BitManipRows.All, .. CsrRows.All, .. PrivilegedRows.All, .. CacheRows.All, .. CompressedRows.All,
    ];

    private static readonly InstructionRow?[] ByOp = IndexByOp();

    private static readonly Dictionary<string, InstructionRow> ByMnemonic =
        Rows.Where(r => r.Op != Op.Illegal).ToDictionary(r => r.Mnemonic, StringComparer.Ordinal);

    /// <summary>The four-byte row of an operation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is <see cref="Op.None"/> or <see cref="Op.Illegal"/>.</exception>
    public static InstructionRow Of(Op op) =>
        (int)op < ByOp.Length && ByOp[(int)op] is { } row ? row : throw new ArgumentOutOfRangeException(nameof(op), op, "This operation has no row.");

    /// <summary>The row of a mnemonic, or null.</summary>
    public static InstructionRow? Find(string mnemonic) => ByMnemonic.GetValueOrDefault(mnemonic);

    private static InstructionRow?[] IndexByOp()
    {
        var index = new InstructionRow?[(int)Enum.GetValues<Op>().Max() + 1];
        foreach (InstructionRow row in Rows)
        {
            if (row.IsCompressed) continue;
            if (index[(int)row.Op] is { } other) throw new InvalidOperationException($"{other} and {row} are both rows of {row.Op}.");
            index[(int)row.Op] = row;
        }

        return index;
    }
}
