namespace Doppel.Core.Vcpu;

/// <summary>Why <see cref="IVcpu.Run"/> returned.</summary>
public enum StopReason
{
    /// <summary>The instruction budget is used up.</summary>
    Budget,

    /// <summary>Somebody called <see cref="IVcpu.Kick"/>.</summary>
    Kicked,

    /// <summary>The guest waits for an interrupt, or this processor is switched off.</summary>
    Halted,

    /// <summary>A breakpoint was reached.</summary>
    Breakpoint,

    /// <summary>The guest asked for a reset of the machine.</summary>
    Reset,

    /// <summary>The guest switched the machine off.</summary>
    PowerOff,

    /// <summary>An error of ours: the state is kept for inspection, the processor must not run on.</summary>
    EngineFault,
}
