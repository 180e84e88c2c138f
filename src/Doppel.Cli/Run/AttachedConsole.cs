using Doppel.Core.Backends;

namespace Doppel.Cli.Run;

/// <summary>The console of a machine whose user may come and go. While nobody is attached, output is dropped and there is no input.</summary>
internal sealed class AttachedConsole : IConsoleBackend, IDisposable
{
    private readonly Lock _lock = new();
    private IConsoleBackend? _console;
    private IDisposable? _owned;
    private Action<string>? _notice;

    public event Action? InputAvailable;

    public event Action? Resized;

    public bool InputEnded => _console?.InputEnded ?? false;

    public (int Columns, int Rows) Size => _console?.Size ?? (0, 0);

    /// <param name="console">The user's console.</param>
    /// <param name="owned">Disposed on detaching.</param>
    /// <param name="notice">Shows a line that is not the guest's.</param>
    public void Attach(IConsoleBackend console, IDisposable owned, Action<string> notice)
    {
        lock (_lock) (_console, _owned, _notice) = (console, owned, notice);
        console.InputAvailable += OnInput;
        console.Resized += OnResized;
        OnInput();
        OnResized();
    }

    /// <summary>Shows what is left and lets go of the console. Without effect if none is attached.</summary>
    public void Detach()
    {
        IConsoleBackend? console;
        IDisposable? owned;
        lock (_lock)
        {
            (console, owned) = (_console, _owned);
            (_console, _owned, _notice) = (null, null, null);
        }

        if (console is null) return;
        console.InputAvailable -= OnInput;
        console.Resized -= OnResized;
        owned?.Dispose();
    }

    /// <summary>Shows a line that is not the guest's, if anybody is there to see it.</summary>
    public void Notice(string text) => _notice?.Invoke(text);

    public void Write(ReadOnlySpan<byte> data) => _console?.Write(data);

    public int Read(Span<byte> buffer) => _console?.Read(buffer) ?? 0;

    public void Dispose() => Detach();

    private void OnInput() => InputAvailable?.Invoke();

    private void OnResized() => Resized?.Invoke();
}
