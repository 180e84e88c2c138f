namespace Doppel.Machine;

/// <summary>Why a machine ended.</summary>
public enum VmExitReason
{
    /// <summary>The guest switched it off.</summary>
    PowerOff,

    /// <summary>The guest asked for a restart and <see cref="VmConfig.NoReboot"/> is set.</summary>
    Reboot,

    /// <summary>The host stopped it.</summary>
    Stopped,

    /// <summary>An error of ours; <see cref="VmExit.Message"/> says which.</summary>
    Fault,
}

/// <summary>How a machine ended.</summary>
/// <param name="ExitCode">What the guest reported when it switched the machine off; 1 after a fault, else 0.</param>
public sealed record VmExit(VmExitReason Reason, int ExitCode, string? Message = null);
