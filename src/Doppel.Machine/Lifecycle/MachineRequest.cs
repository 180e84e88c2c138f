namespace Doppel.Machine.Lifecycle;

/// <summary>What the guest, or a fault, wants done with the machine.</summary>
internal enum MachineRequestKind
{
    PowerOff,
    Reset,
    Fault,
}

internal sealed record MachineRequest(MachineRequestKind Kind, int ExitCode = 0, string? Message = null);
