namespace Doppel.Cli.Run;

/// <summary>What a user asked of us, not of the guest.</summary>
internal enum EscapeAction
{
    None,
    Detach,
    Kill,
    Help,

    /// <summary>Ctrl-C twice in quick succession.</summary>
    Interrupt,
}

/// <summary>
/// Finds our keys in what is typed: <c>Ctrl-]</c> and a letter, and Ctrl-C twice within half a second. Everything else is the guest's, the first Ctrl-C too.
/// </summary>
internal sealed class EscapeKeys(TimeProvider time)
{
    public const string Notice = "Ctrl-] q detaches, Ctrl-] x or Ctrl-C twice kills, Ctrl-] ? shows the keys";
    public const string AllKeys = "Ctrl-] q  detach: the machine runs on, the terminal is yours\nCtrl-] x  kill: as by pulling the plug\nCtrl-] ]  send Ctrl-] to the guest\nCtrl-C    goes to the guest; twice within half a second kills";

    private const byte ControlC = 0x03;
    private const byte ControlBracket = 0x1d;
    private static readonly TimeSpan Twice = TimeSpan.FromMilliseconds(500);
    private bool _escaped;
    private long? _interruptedAt;

    /// <summary>Takes typed bytes up to and including the first of our keys.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="guest">Receives what the guest shall see; at least as long as <paramref name="typed"/>, plus one.</param>
    /// <param name="taken">How many typed bytes were taken; call again with the rest.</param>
    /// <param name="length">How many bytes of <paramref name="guest"/> are filled.</param>
    public EscapeAction Filter(ReadOnlySpan<byte> typed, Span<byte> guest, out int taken, out int length)
    {
        length = 0;
        for (taken = 0; taken < typed.Length;)
        {
            byte key = typed[taken++];
            if (_escaped)
            {
                _escaped = false;
                switch (key)
                {
                    case (byte)'q' or (byte)'Q' or 0x11:
                        return EscapeAction.Detach;
                    case (byte)'x' or (byte)'X' or 0x18:
                        return EscapeAction.Kill;
                    case (byte)'?' or (byte)'h':
                        return EscapeAction.Help;
                    case (byte)']' or ControlBracket:
                        guest[length++] = ControlBracket;
                        continue;
                    default:
                        // Not ours after all.
                        guest[length++] = ControlBracket;
                        break;
                }
            }
            else if (key == ControlBracket)
            {
                _escaped = true;
                continue;
            }

            if (key == ControlC)
            {
                if (_interruptedAt is { } at && time.GetElapsedTime(at) < Twice) return EscapeAction.Interrupt;
                _interruptedAt = time.GetTimestamp();
            }
            else
            {
                _interruptedAt = null;
            }

            guest[length++] = key;
        }

        return EscapeAction.None;
    }
}
