using System.Runtime.InteropServices;

namespace Doppel.Host.Terminal;

/// <summary>
/// The process's terminal in raw mode: every key arrives as it is, every byte written is shown as it is. The mode that was there before comes back
/// on <see cref="Dispose"/>, on every way out of the process that can be noticed (exit, unhandled exception, SIGTERM, SIGINT, SIGHUP, SIGQUIT), and
/// while the process is suspended.
/// </summary>
public sealed unsafe class RawTerminal : IDisposable
{
    private readonly Lock _lock = new();
    private readonly int _input;
    private readonly int _output;
    private readonly byte[] _before = new byte[TerminalCalls.TermiosSize];
    private readonly byte[] _raw = new byte[TerminalCalls.TermiosSize];
    private readonly List<PosixSignalRegistration> _signals = [];
    private bool _isRaw;
    private bool _disposed;

    private RawTerminal(int input, int output)
    {
        _input = input;
        _output = output;
    }

    /// <summary>Raised on any thread when <see cref="Size"/> may have changed.</summary>
    public event Action? Resized;

    /// <summary>Columns and rows; (0, 0) if the terminal does not know.</summary>
    public (int Columns, int Rows) Size
    {
        get
        {
            (int Columns, int Rows) size = TerminalCalls.WindowSize(_output);
            return size != (0, 0) ? size : TerminalCalls.WindowSize(_input);
        }
    }

    /// <summary>The descriptor that keys are read from.</summary>
    public int InputDescriptor => _input;

    /// <summary>The descriptor that output goes to; a terminal or not.</summary>
    public int OutputDescriptor => _output;

    /// <summary>Whether a descriptor is a terminal whose mode can be changed here.</summary>
    public static bool IsTerminal(int descriptor) => !OperatingSystem.IsWindows() && TerminalCalls.IsTerminal(descriptor) != 0;

    /// <summary>Puts the terminal at <paramref name="input"/> into raw mode.</summary>
    /// <exception cref="IOException">It is not a terminal.</exception>
    public static RawTerminal Enter(int input = 0, int output = 1)
    {
        if (!IsTerminal(input)) throw new IOException($"Descriptor {input} is not a terminal.");
        var terminal = new RawTerminal(input, output);
        terminal.Start();
        return terminal;
    }

    /// <summary>Brings the mode back that was there before. May be called often and from any thread.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            Leave();
        }

        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        AppDomain.CurrentDomain.UnhandledException -= OnExit;
        foreach (PosixSignalRegistration signal in _signals) signal.Dispose();
    }

    private void Start()
    {
        // First the ways out, then the change. The runtime also notes the terminal's mode when the first signal is registered: it must be the old one.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        AppDomain.CurrentDomain.UnhandledException += OnExit;
        foreach (PosixSignal ending in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
        {
            _signals.Add(PosixSignalRegistration.Create(ending, _ => Restore()));
        }

        if (!OperatingSystem.IsWindows())
        {
            _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, OnSuspend));
            _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, OnContinue));
            _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resized?.Invoke()));
        }

        bool entered;
        lock (_lock)
        {
            fixed (byte* before = _before)
            fixed (byte* raw = _raw)
            {
                entered = TerminalCalls.GetAttributes(_input, before) == 0;
                _before.CopyTo(_raw, 0);
                TerminalCalls.MakeRaw(raw);
            }

            entered = entered && Apply();
        }

        if (entered) return;
        int error = Marshal.GetLastPInvokeError();
        Dispose();
        throw new IOException($"The terminal's mode cannot be changed: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        lock (_lock) Leave();
    }

    /// <summary>With a handler installed the system does not stop the process by itself.</summary>
    private void OnSuspend(PosixSignalContext context)
    {
        Restore();
        _ = TerminalCalls.Kill(Environment.ProcessId, OperatingSystem.IsLinux() ? TerminalCalls.SignalStop : TerminalCalls.SignalStopMac);
    }

    private void OnContinue(PosixSignalContext context)
    {
        // Else the runtime would set the mode that it noted at the start.
        context.Cancel = true;
        lock (_lock)
        {
            if (_disposed) return;
            Apply();
        }

        Resized?.Invoke();
    }

    private bool Apply()
    {
        fixed (byte* raw = _raw) return _isRaw = TerminalCalls.SetAttributes(_input, raw);
    }

    private void Leave()
    {
        if (!_isRaw) return;
        _isRaw = false;
        fixed (byte* before = _before) _ = TerminalCalls.SetAttributes(_input, before);
    }
}
