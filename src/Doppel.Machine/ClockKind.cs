namespace Doppel.Machine;

/// <summary>What the guest's time is made of; the names of <c>--clock</c>.</summary>
public enum ClockKind
{
    /// <summary>The host's time, while the machine runs.</summary>
    Real,

    /// <summary>
    /// The guest's own instructions, a nanosecond each; while all processors wait, time jumps to the next alarm. Two runs of the same machine are the same, instruction by instruction,
    /// but for input that arrives from outside.
    /// </summary>
    Virtual,
}
