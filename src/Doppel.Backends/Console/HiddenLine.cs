using System.Text;
using Doppel.Host.Terminal;

namespace Doppel.Backends.Console;

/// <summary>A line that is typed at the terminal and not shown, such as a passphrase.</summary>
public sealed class HiddenLine
{
    private const byte Interrupt = 3;
    private const byte EndOfInput = 4;
    private const byte Backspace = 8;
    private const byte Clear = 21;
    private const byte Delete = 127;
    private const int MaxLength = 1024;

    private readonly List<byte> _typed = [];

    /// <summary>Waits until the user has typed a line.</summary>
    /// <exception cref="IOException">Standard input is not a terminal.</exception>
    /// <exception cref="OperationCanceledException">The user gave up: Ctrl-C, or Ctrl-D at the start.</exception>
    public static string Read()
    {
        var line = new HiddenLine();
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using RawTerminal terminal = RawTerminal.Enter();
        using (new DescriptorReader(terminal.InputDescriptor, keys =>
        {
            foreach (byte key in keys)
            {
                if (line.Take(key) is not { } accepted) continue;
                done.TrySetResult(accepted);
                return;
            }
        }, () => done.TrySetResult(false)))
        {
            if (!done.Task.GetAwaiter().GetResult()) throw new OperationCanceledException();
        }

        return line.Text;
    }

    internal string Text => Encoding.UTF8.GetString([.. _typed]);

    /// <returns>True if the line is complete, false if the user gave up, null if there is more to come.</returns>
    internal bool? Take(byte key)
    {
        switch (key)
        {
            case (byte)'\r' or (byte)'\n':
                return true;
            case Interrupt:
            case EndOfInput when _typed.Count == 0:
                return false;
            case Backspace or Delete:
                // A character, of as many bytes as UTF-8 gave it.
                while (_typed.Count > 0)
                {
                    byte last = _typed[^1];
                    _typed.RemoveAt(_typed.Count - 1);
                    if ((last & 0xc0) != 0x80) break;
                }

                return null;
            case Clear:
                _typed.Clear();
                return null;
            default:
                if (key >= ' ' && _typed.Count < MaxLength) _typed.Add(key);
                return null;
        }
    }
}
