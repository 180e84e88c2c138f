namespace Doppel.RiscV.Isa;

/// <summary>How an instruction's operands are written in assembly language, and how its immediate is laid out.</summary>
/// <param name="Name">The format's short name.</param>
/// <param name="Syntax">
/// The operands: <c>d s t u</c> registers, <c>i</c> immediate, <c>p</c> target relative to pc, <c>U</c> upper immediate, <c>z</c> number in the rs1 field,
/// <c>c</c> CSR, <c>m</c> optional rounding mode, <c>f</c> fence sets; everything else as it stands.
/// </param>
/// <param name="Immediate">The layout of the immediate.</param>
public sealed record Format(string Name, string Syntax, ImmediateLayout Immediate)
{
    private static readonly ImmediateLayout Signed12 = new("11:0", signed: true);
    private static readonly ImmediateLayout Six = new("5:0", signed: false);
    private static readonly ImmediateLayout Six16 = new("5 4:0", signed: false);
    private static readonly ImmediateLayout Signed6 = new("5 4:0", signed: true);
    private static readonly ImmediateLayout Twelve = new("11:0", signed: false);

    public static readonly Format None = Plain("none", "");
    public static readonly Format R = Plain("R", "d,s,t");
    public static readonly Format Unary = Plain("R unary", "d,s");
    public static readonly Format I = new("I", "d,s,i", Signed12);
    public static readonly Format Shift = new("I shift", "d,s,i", Six);
    public static readonly Format ShiftWord = new("I shift word", "d,s,i", new("4:0", signed: false));
    public static readonly Format Load = new("I load", "d,i(s)", Signed12);
    public static readonly Format Store = new("S", "t,i(s)", new("11:5 4:0", signed: true));
    public static readonly Format Branch = new("B", "s,t,p", new("12 10:5 4:1 11", signed: true));
    public static readonly Format Upper = new("U", "d,U", new("31:12", signed: true));
    public static readonly Format Jump = new("J", "d,p", new("20 10:1 11 19:12", signed: true));
    public static readonly Format Fence = new("fence", "f", Twelve);
    public static readonly Format Csr = new("CSR", "d,c,s", Twelve);
    public static readonly Format CsrNumber = new("CSR immediate", "d,c,z", Twelve);
    public static readonly Format Amo = Plain("AMO", "d,t,(s)");
    public static readonly Format LoadReserved = Plain("AMO load", "d,(s)");
    public static readonly Format Block = Plain("cache block", "(s)");
    public static readonly Format Prefetch = new("prefetch", "i(s)", new("11:5", signed: true));
    public static readonly Format FenceVma = Plain("fence address", "s,t");
    public static readonly Format Rounded = Plain("R rounded", "d,s,t,m");
    public static readonly Format UnaryRounded = Plain("R unary rounded", "d,s,m");
    public static readonly Format Fused = Plain("R4", "d,s,t,u,m");
    public static readonly Format Constant = Plain("constant", "d,z");

    // Compressed formats: operands of the expansion are implied by the row where the syntax does not name them.
    public static readonly Format CompressedR = Plain("CR", "d,t");
    public static readonly Format CompressedS = Plain("CR one", "s");
    public static readonly Format CompressedD = Plain("CU", "d");
    public static readonly Format CompressedI = new("CI", "d,i", Signed6);
    public static readonly Format CompressedUpper = new("CI upper", "d,U", new("17 16:12", signed: true));
    public static readonly Format CompressedShift = new("CI shift", "d,i", Six16);
    public static readonly Format CompressedStackAdjust = new("CI stack", "d,i", new("9 4 6 8:7 5", signed: true));
    public static readonly Format CompressedStackAddress = new("CIW", "d,s,i", new("5:4 9:6 2 3", signed: false));
    public static readonly Format CompressedLoadByte = new("CLB", "d,i(s)", new("0 1", signed: false));
    public static readonly Format CompressedLoadHalf = new("CLH", "d,i(s)", new("1", signed: false));
    public static readonly Format CompressedLoadWord = new("CL word", "d,i(s)", new("5:3 2 6", signed: false));
    public static readonly Format CompressedLoadDouble = new("CL double", "d,i(s)", new("5:3 7:6", signed: false));
    public static readonly Format CompressedStoreByte = new("CSB", "t,i(s)", new("0 1", signed: false));
    public static readonly Format CompressedStoreHalf = new("CSH", "t,i(s)", new("1", signed: false));
    public static readonly Format CompressedStoreWord = new("CS word", "t,i(s)", new("5:3 2 6", signed: false));
    public static readonly Format CompressedStoreDouble = new("CS double", "t,i(s)", new("5:3 7:6", signed: false));
    public static readonly Format CompressedStackLoadWord = new("CI load word", "d,i(s)", new("5 4:2 7:6", signed: false));
    public static readonly Format CompressedStackLoadDouble = new("CI load double", "d,i(s)", new("5 4:3 8:6", signed: false));
    public static readonly Format CompressedStackStoreWord = new("CSS word", "t,i(s)", new("5:2 7:6", signed: false));
    public static readonly Format CompressedStackStoreDouble = new("CSS double", "t,i(s)", new("5:3 8:6", signed: false));
    public static readonly Format CompressedJump = new("CJ", "p", new("11 4 9:8 10 6 7 3:1 5", signed: true));
    public static readonly Format CompressedBranch = new("CB", "s,p", new("8 4:3 7:6 2:1 5", signed: true));

    private static Format Plain(string name, string syntax) => new(name, syntax, ImmediateLayout.None);
}
