namespace Doppel.Backends.Console;

/// <summary>What a key means besides input for the guest.</summary>
internal enum EscapeAction
{
    /// <summary>Input for the guest.</summary>
    Pass,

    /// <summary>Nothing: part of a sequence, or an unknown one.</summary>
    None,

    Detach,

    Kill,

    Help,

    /// <summary>Ctrl-C a second time, and the guest has not answered the first.</summary>
    Interrupt,
}

/// <summary>
/// Finds the keys that are not for the guest: after <c>Ctrl-]</c>, <c>q</c> detaches, <c>x</c> kills, <c>?</c> helps and <c>Ctrl-]</c> is itself.
/// </summary>
/// <remarks>
/// Ctrl-C is for the guest. A second one within a second kills the machine, but only if the guest has shown nothing since the first and no
/// full-screen program is running: a shell answers each, so that nobody who presses it twice there loses a machine.
/// </remarks>
internal sealed class EscapeKeys(TimeProvider time)
{
    public const byte Prefix = 0x1d;
    private const byte Interrupt = 0x03;
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(1);
    private bool _prefixed;
    private bool _interrupted;
    private long _interruptedAt;

    /// <param name="quiet">Whether the guest has shown nothing since the last Ctrl-C, and shows no full screen.</param>
    public EscapeAction Next(byte key, bool quiet)
    {
        if (_prefixed)
        {
            _prefixed = false;
            return key switch
            {
                Prefix => EscapeAction.Pass,
                // With the control key still held, too.
                (byte)'q' or (byte)'Q' or 0x11 => EscapeAction.Detach,
                (byte)'x' or (byte)'X' or 0x18 => EscapeAction.Kill,
                (byte)'?' or (byte)'h' => EscapeAction.Help,
                _ => EscapeAction.None,
            };
        }

        if (key == Prefix)
        {
            _prefixed = true;
            return EscapeAction.None;
        }

        bool again = key == Interrupt && _interrupted && quiet && time.GetElapsedTime(_interruptedAt) <= Together;
        _interrupted = key == Interrupt;
        if (_interrupted) _interruptedAt = time.GetTimestamp();
        return again ? EscapeAction.Interrupt : EscapeAction.Pass;
    }
}
