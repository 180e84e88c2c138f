using System.Runtime.Intrinsics.X86;
using Doppel.CodeGen.Ir;

namespace Doppel.CodeGen.X64;

/// <summary>What the host's processor has beyond x86-64 with SSE2.</summary>
[Flags]
public enum X64Features
{
    None = 0,
    Sse41 = 1,
    Popcnt = 2,
    Lzcnt = 4,
    Bmi1 = 8,
    Bmi2 = 16,
    Avx = 32,
    Avx2 = 64,
    Fma = 128,
    Avx512 = 256,
    Pclmulqdq = 512,
}

/// <summary>Reads the features of the processor that this process runs on.</summary>
public static class X64Host
{
    /// <summary>Whether the backend has an operation on this processor.</summary>
    public static bool Supports(IrOpcode code) => X64Backend.Supports(Features, code);

    /// <summary>AVX-512 stands for F, BW, DQ and VL together.</summary>
    public static X64Features Features =>
        (Sse41.IsSupported ? X64Features.Sse41 : 0)
        | (Popcnt.IsSupported ? X64Features.Popcnt : 0)
        | (Lzcnt.IsSupported ? X64Features.Lzcnt : 0)
        | (Bmi1.IsSupported ? X64Features.Bmi1 : 0)
        | (Bmi2.IsSupported ? X64Features.Bmi2 : 0)
        | (Avx.IsSupported ? X64Features.Avx : 0)
        | (Avx2.IsSupported ? X64Features.Avx2 : 0)
        | (Fma.IsSupported ? X64Features.Fma : 0)
        | (Pclmulqdq.IsSupported ? X64Features.Pclmulqdq : 0)
        | (Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported ? X64Features.Avx512 : 0);
}
