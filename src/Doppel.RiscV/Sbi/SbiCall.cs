// Implements: RISC-V Supervisor Binary Interface 2.0, chapter 3 "Binary Encoding".
namespace Doppel.RiscV.Sbi;

/// <summary>One call: extension a7, function a6, arguments a0 to a4.</summary>
internal readonly record struct SbiCall(ulong Extension, ulong Function, ulong A0, ulong A1, ulong A2, ulong A3, ulong A4);
