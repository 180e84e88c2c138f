namespace Doppel.Tests.Conformance.Machine;

/// <summary>
/// One privileged situation: set up in machine mode, entered with <c>mret</c>, ended by whatever trap comes first; the last instruction is an <c>ecall</c>.
/// Cause, address, value, status and two results of the trap are logged.
/// </summary>
/// <param name="Name">What is tried, for the report.</param>
/// <param name="Setup">Assembly language, run in machine mode; may use the t registers and a2–a7.</param>
/// <param name="Mode">The mode of the stub: <c>M</c>, <c>S</c> or <c>U</c>.</param>
/// <param name="Stub">Assembly language; a0 and a1 are logged. Must not touch t registers that <paramref name="After"/> needs.</param>
/// <param name="HideValue">The trap value is not compared.</param>
/// <param name="After">Assembly language that runs in machine mode afterwards; logs values by <c>sd</c> to 0–56(t5), which is a fresh entry.</param>
internal sealed record MachineCase(string Name, string Setup, char Mode, string Stub, string After = "", bool HideValue = false);
