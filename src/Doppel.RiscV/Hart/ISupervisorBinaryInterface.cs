namespace Doppel.RiscV.Hart;

/// <summary>Serves <c>ecall</c> from S-mode when no firmware runs in M-mode.</summary>
public interface ISupervisorBinaryInterface
{
    /// <summary>
    /// Handles one call: reads a7, a6 and a0–a5 of the hart, writes a0 and a1. On the hart's own thread; the program counter is already after the <c>ecall</c>.
    /// </summary>
    void Call(RiscVHart hart);
}
