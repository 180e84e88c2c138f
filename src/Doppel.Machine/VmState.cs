namespace Doppel.Machine;

/// <summary>Where a machine is in its life.</summary>
public enum VmState
{
    /// <summary>Built, never started.</summary>
    Created,

    Running,

    /// <summary>The processors and the guest's time stand still.</summary>
    Paused,

    /// <summary>Ended, for good: <see cref="VirtualMachine.WaitForExitAsync"/> says how.</summary>
    Stopped,
}
