using Doppel.Core.Backends;

namespace Doppel.Backends.Console;

/// <summary>Which of a guest's consoles gets what is typed at the host's one console.</summary>
public enum ConsoleRoute
{
    /// <summary>The serial port until the virtio console has shown something, from then on the virtio console.</summary>
    Auto,

    Serial,

    Virtio,
}

/// <summary>
/// One console of the host for both consoles of a guest: the outputs come together, the input goes to one of them. Input that has not been taken
/// waits in the host's console, so that none is lost when the route changes.
/// </summary>
public sealed class ConsoleMux : IDisposable
{
    private readonly IConsoleBackend _host;
    private readonly ConsoleRoute _route;
    private readonly Channel _serial;
    private readonly Channel _virtio;
    private volatile bool _virtioShown;

    /// <param name="host">Stays the caller's.</param>
    public ConsoleMux(IConsoleBackend host, ConsoleRoute route = ConsoleRoute.Auto)
    {
        _host = host;
        _route = route;
        _serial = new Channel(this);
        _virtio = new Channel(this);
        host.InputAvailable += OnInput;
        host.Resized += OnResized;
    }

    /// <summary>The serial port's end.</summary>
    public IConsoleBackend Serial => _serial;

    /// <summary>The virtio console's end.</summary>
    public IConsoleBackend Virtio => _virtio;

    private Channel Target => _route == ConsoleRoute.Virtio || _route == ConsoleRoute.Auto && _virtioShown ? _virtio : _serial;

    /// <summary>The machine has been reset: its firmware or kernel is at the serial port again.</summary>
    public void MachineReset() => _virtioShown = false;

    public void Dispose()
    {
        _host.InputAvailable -= OnInput;
        _host.Resized -= OnResized;
    }

    private void OnInput() => Target.RaiseInput();

    private void OnResized()
    {
        _serial.RaiseResized();
        _virtio.RaiseResized();
    }

    private void Write(Channel from, ReadOnlySpan<byte> data)
    {
        _host.Write(data);
        if (from == _virtio && !_virtioShown && !data.IsEmpty) Show(true);
    }

    private void Show(bool virtio)
    {
        _virtioShown = virtio;
        // The caller is a device under its lock; it must hear of input that waits from elsewhere.
        if (_route == ConsoleRoute.Auto) ThreadPool.QueueUserWorkItem(_ => OnInput());
    }

    private int Read(Channel channel, Span<byte> buffer) => channel == Target ? _host.Read(buffer) : 0;

    private sealed class Channel(ConsoleMux mux) : IConsoleBackend
    {
        public event Action? InputAvailable;

        public event Action? Resized;

        public (int Columns, int Rows) Size => mux._host.Size;

        public bool InputEnded => mux.Target == this && mux._host.InputEnded;

        public void Write(ReadOnlySpan<byte> data) => mux.Write(this, data);

        public void GoesOn(bool written)
        {
            if (this == mux._virtio) mux.Show(written);
        }

        public int Read(Span<byte> buffer) => mux.Read(this, buffer);

        public void RaiseInput() => InputAvailable?.Invoke();

        public void RaiseResized() => Resized?.Invoke();
    }
}
