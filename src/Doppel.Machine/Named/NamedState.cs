namespace Doppel.Machine.Named;

/// <summary>What a named machine is doing.</summary>
public enum NamedState
{
    /// <summary>Made, and never started.</summary>
    Created,

    /// <summary>It is switched off, and will go on where it was when it is started.</summary>
    Suspended,

    /// <summary>Its process has been started and does not answer yet.</summary>
    Starting,

    Running,

    Paused,

    /// <summary>It ended, and how is known.</summary>
    Stopped,

    /// <summary>Its process ended without a word: it was killed, or the host lost power.</summary>
    Crashed,
}
