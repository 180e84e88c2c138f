using Doppel.RiscV.Isa;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Where QEMU itself is wrong, as narrowly as possible.</summary>
internal static class QemuBugs
{
    /// <summary>
    /// QEMU (8.1 to 10.0 at least) declares the helpers of <c>fround</c> and <c>froundnx</c> free of side effects. If the next instructions of the same translation block
    /// overwrite the result, the call is optimized away, and the exception flags that it would have raised are lost. Programs must use the result.
    /// </summary>
    public static bool LosesFlagsOfUnusedResult(InstructionRow row) => row.Op is >= Op.FroundS and <= Op.FroundnxH;

    /// <summary>QEMU 7 counts the trailing zeroes of all 64 bits in <c>ctzw</c>, although the upper 32 do not belong to the operand.</summary>
    public static bool IsWrong(InstructionRow row, string version) => row.Op == Op.Ctzw && version.StartsWith("7.", StringComparison.Ordinal);

    /// <summary>
    /// When these are illegal, QEMU 10 puts zero (which the specification allows) or the bits of an earlier instruction (which it does not) into <c>mtval</c>.
    /// </summary>
    public static bool HasWrongTrapValue(string instruction) => instruction == "mret" || instruction.StartsWith("cbo.", StringComparison.Ordinal);
}
