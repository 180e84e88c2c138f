using System.Text;
using Doppel.Core.Backends;
using Doppel.Host.Terminal;

namespace Doppel.Backends.Console;

/// <summary>The terminal that the command was started from, in raw mode, as the guest's console. Disposing it shows the rest of the output and restores the terminal.</summary>
public sealed class TerminalConsole : IConsoleBackend, IDisposable
{
    private readonly RawTerminal _terminal;
    private readonly OutputPump _output;
    private readonly DescriptorReader _reader;
    private readonly InputQueue _input = new();
    private readonly EscapeKeys _keys;
    private readonly ScreenWatch _screen = new();
    private bool _answered;
    private int _announced;

    /// <summary>Puts the terminal into raw mode.</summary>
    /// <exception cref="IOException">Standard input is not a terminal.</exception>
    public TerminalConsole()
        : this(RawTerminal.Enter(), TimeProvider.System)
    {
    }

    /// <param name="terminal">Disposed with the console.</param>
    internal TerminalConsole(RawTerminal terminal, TimeProvider time)
    {
        _terminal = terminal;
        _keys = new EscapeKeys(time);
        _output = new OutputPump(data => DescriptorWriter.TryWrite(terminal.OutputDescriptor, data), "doppel-output");
        _output.Broken += () => OutputBroken?.Invoke();
        _input.Changed += Announce;
        _terminal.Resized += () => Resized?.Invoke();
        _reader = new DescriptorReader(terminal.InputDescriptor, OnKeys, _input.End);
    }

    public event Action? InputAvailable;

    public event Action? Resized;

    /// <summary>Ctrl-] x, or Ctrl-C twice without an answer of the guest. Raised on the reading thread.</summary>
    public event Action? KillRequested;

    /// <summary>Ctrl-] q. Raised on the reading thread.</summary>
    public event Action? DetachRequested;

    /// <summary>Nobody sees the output any more: the terminal has hung up, or standard output is a pipe that has been closed.</summary>
    public event Action? OutputBroken;

    /// <summary>One line that tells which keys are not the guest's.</summary>
    public static string KeyHelp => "Ctrl-] then: q detach, x kill, Ctrl-] send it, ? help; Ctrl-C twice kills a guest that does not answer";

    public bool InputEnded => _input.Ended;

    public (int Columns, int Rows) Size => _terminal.Size;

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_screen)
        {
            _screen.See(data);
            _answered = true;
        }

        _output.Write(data);
    }

    public int Read(Span<byte> buffer) => _input.Take(buffer);

    /// <summary>Holds the guest's output back no longer although nobody reads it, because the machine is about to end.</summary>
    public void ReleaseWriters() => _output.Release();

    /// <summary>Shows a line that is not the guest's, on a line of its own.</summary>
    public void Notice(string text) => _output.Write(Encoding.UTF8.GetBytes($"\r\n{text}\r\n"));

    public void Dispose()
    {
        _reader.Dispose();
        _output.Dispose();
        _terminal.Dispose();
    }

    private void OnKeys(ReadOnlySpan<byte> keys)
    {
        Span<byte> passed = stackalloc byte[keys.Length];
        int count = 0;
        foreach (byte key in keys)
        {
            bool quiet;
            lock (_screen)
            {
                quiet = !_answered && !_screen.Alternate;
                if (key == 0x03) _answered = false;
            }

            EscapeAction action = _keys.Next(key, quiet);
            if (action == EscapeAction.Pass) passed[count++] = key;
            else Act(action);
        }

        _input.Add(passed[..count]);
    }

    /// <summary>Not on the reading thread: a device that is busy writing may keep it waiting, and the keys that kill must still be seen.</summary>
    private void Announce()
    {
        if (Interlocked.Exchange(ref _announced, 1) != 0) return;
        ThreadPool.QueueUserWorkItem(_ =>
        {
            Volatile.Write(ref _announced, 0);
            InputAvailable?.Invoke();
        });
    }

    private void Act(EscapeAction action)
    {
        switch (action)
        {
            case EscapeAction.Detach:
                DetachRequested?.Invoke();
                break;
            case EscapeAction.Kill or EscapeAction.Interrupt:
                // The machine must be able to end although its output is stuck.
                ReleaseWriters();
                KillRequested?.Invoke();
                break;
            case EscapeAction.Help:
                Notice(KeyHelp);
                break;
        }
    }
}
