using Doppel.CodeGen.X64.Assembler;

namespace Doppel.Tests.Unit.CodeGen.Assembler;

/// <summary>Operands that instructions are tried with, and their names.</summary>
internal static class Operands
{
    public static readonly Gpr[] Gprs = Enum.GetValues<Gpr>();
    public static readonly Xmm[] Xmms = Enum.GetValues<Xmm>();
    public static readonly OperandSize[] Sizes = Enum.GetValues<OperandSize>();
    public static readonly OperandSize[] WideSizes = [OperandSize.Dword, OperandSize.Qword];
    public static readonly FloatSize[] FloatSizes = Enum.GetValues<FloatSize>();
    public static readonly int[] Constants = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65535, 65536, int.MaxValue, int.MinValue];

    private static readonly int[] Displacements = [0, 1, -1, 127, 128, -128, -129, int.MaxValue, int.MinValue];

    /// <summary>Every base with every displacement, every base with every index and scale.</summary>
    public static readonly MemoryOperand[] AllMemory =
    [
        .. from @base in Gprs from displacement in Displacements select new MemoryOperand(@base, null, 1, displacement),
        .. from @base in Gprs
           from index in Gprs
           where index != Gpr.Rsp
           from scale in new[] { 1, 2, 4, 8 }
           from displacement in new[] { 0, -128, 0x12345678 }
           select new MemoryOperand(@base, index, scale, displacement),
    ];

    /// <summary>A few of each kind, with the bases and indices that are encoded in a way of their own among them.</summary>
    public static readonly MemoryOperand[] SomeMemory =
    [
        .. from @base in new[] { Gpr.Rax, Gpr.Rsp, Gpr.Rbp, Gpr.R12, Gpr.R13 } from displacement in new[] { 0, -128, 128 } select new MemoryOperand(@base, null, 1, displacement),
        .. from @base in new[] { Gpr.Rcx, Gpr.Rbp, Gpr.R13 } from index in new[] { Gpr.Rbx, Gpr.R12 } select new MemoryOperand(@base, index, 4, 8),
    ];

    public static string Name(Gpr register, OperandSize size)
    {
        int number = (int)register;
        if (number >= 8) return $"r{number}" + size switch { OperandSize.Byte => "b", OperandSize.Word => "w", OperandSize.Dword => "d", _ => "" };
        string word = register.ToString().ToLowerInvariant()[1..];
        return size switch
        {
            OperandSize.Byte => number < 4 ? $"{word[0]}l" : word + "l",
            OperandSize.Word => word,
            OperandSize.Dword => "e" + word,
            _ => "r" + word,
        };
    }

    public static string Name(Xmm register) => $"xmm{(int)register}";

    public static int Bytes(OperandSize size) => 1 << (int)size;

    public static int Bytes(FloatSize size) => size == FloatSize.Single ? 4 : 8;

    public static string Suffix(FloatSize size) => size == FloatSize.Single ? "ss" : "sd";

    public static string Name(Cc condition) => condition switch
    {
        Cc.Overflow => "o",
        Cc.NoOverflow => "no",
        Cc.Below => "b",
        Cc.AboveOrEqual => "ae",
        Cc.Equal => "e",
        Cc.NotEqual => "ne",
        Cc.BelowOrEqual => "be",
        Cc.Above => "a",
        Cc.Sign => "s",
        Cc.NoSign => "ns",
        Cc.Parity => "p",
        Cc.NoParity => "np",
        Cc.Less => "l",
        Cc.GreaterOrEqual => "ge",
        Cc.LessOrEqual => "le",
        _ => "g",
    };

    /// <summary>A constant as an operation of the size sees it.</summary>
    public static long Narrow(int value, OperandSize size) => size switch { OperandSize.Byte => (sbyte)value, OperandSize.Word => (short)value, _ => value };
}
