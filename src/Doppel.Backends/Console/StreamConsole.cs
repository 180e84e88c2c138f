using Doppel.Core.Backends;

namespace Doppel.Backends.Console;

/// <summary>A console on two streams, such as standard input and output when they are files or pipes. Every byte is the guest's.</summary>
public sealed class StreamConsole : IConsoleBackend, IDisposable
{
    /// <summary>Input that may wait for the guest before reading on: a pipe's writer is slowed down, nothing is lost.</summary>
    private const int InputLimit = 64 << 10;

    private readonly Stream? _inputStream;
    private readonly Stream? _outputStream;
    private readonly OutputPump? _output;
    private readonly InputQueue _input = new();
    private readonly object _room = new();
    private volatile bool _disposed;

    /// <param name="input">Read on a thread of its own; null for no input.</param>
    /// <param name="output">Written on a thread of its own; null discards the output. The streams stay the caller's.</param>
    public StreamConsole(Stream? input, Stream? output)
    {
        _inputStream = input;
        _outputStream = output;
        _input.Changed += () => InputAvailable?.Invoke();
        _input.Taken += WakeReader;
        if (output is not null)
        {
            _output = new OutputPump(TryWrite, "doppel-output");
            _output.Broken += () => OutputBroken?.Invoke();
        }

        if (input is null) _input.End();
        else new Thread(ReadInput) { IsBackground = true, Name = "doppel-input" }.Start();
    }

    public event Action? InputAvailable;

    public event Action? Resized
    {
        add { }
        remove { }
    }

    /// <summary>Nobody reads the output any more. Raised on the writing thread.</summary>
    public event Action? OutputBroken;

    public bool InputEnded => _input.Ended;

    public (int Columns, int Rows) Size => (0, 0);

    public void Write(ReadOnlySpan<byte> data) => _output?.Write(data);

    public int Read(Span<byte> buffer) => _input.Take(buffer);

    /// <summary>Holds the guest's output back no longer although nobody reads it, because the machine is about to end.</summary>
    public void ReleaseWriters() => _output?.Release();

    /// <summary>Waits until the output so far has been written.</summary>
    public void Flush() => _output?.Flush();

    /// <summary>Writes what is left. A read of the input that is under way ends with the stream or with the process.</summary>
    public void Dispose()
    {
        _disposed = true;
        WakeReader();
        _output?.Dispose();
    }

    private void WakeReader()
    {
        lock (_room) Monitor.PulseAll(_room);
    }

    private void ReadInput()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            lock (_room)
            {
                while (_input.Count >= InputLimit && !_disposed) Monitor.Wait(_room);
            }

            if (_disposed) return;
            int count;
            try
            {
                count = _inputStream!.Read(buffer);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
            {
                // An input that can no longer be read has ended, as a terminal that hangs up has.
                count = 0;
            }

            if (count == 0) break;
            _input.Add(buffer.AsSpan(0, count));
        }

        _input.End();
    }

    private bool TryWrite(ReadOnlySpan<byte> data)
    {
        try
        {
            _outputStream!.Write(data);
            _outputStream.Flush();
            return true;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return false;
        }
    }
}
