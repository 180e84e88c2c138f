namespace Doppel.RiscV.Isa;

/// <summary>Register names of the standard calling convention (RISC-V ABIs Specification, Register Convention), and the architectural ones.</summary>
public static class RegisterNames
{
    /// <summary>ABI names of x0–x31.</summary>
    public static IReadOnlyList<string> X { get; } =
    [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ];

    /// <summary>ABI names of f0–f31.</summary>
    public static IReadOnlyList<string> F { get; } =
    [
        "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5",
        "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
    ];

    private static readonly Dictionary<string, (OperandKind Kind, byte Number)> ByName = Index();

    /// <summary>The register of an ABI or architectural name (<c>a0</c>, <c>fp</c>, <c>x10</c>, <c>f3</c>).</summary>
    public static bool TryParse(string name, out OperandKind kind, out byte number)
    {
        bool found = ByName.TryGetValue(name, out (OperandKind Kind, byte Number) register);
        (kind, number) = register;
        return found;
    }

    private static Dictionary<string, (OperandKind Kind, byte Number)> Index()
    {
        var names = new Dictionary<string, (OperandKind Kind, byte Number)>(StringComparer.Ordinal) { ["fp"] = (OperandKind.X, 8) };
        for (byte i = 0; i < 32; i++)
        {
            names[X[i]] = names[$"x{i}"] = (OperandKind.X, i);
            names[F[i]] = names[$"f{i}"] = (OperandKind.F, i);
        }

        return names;
    }
}
