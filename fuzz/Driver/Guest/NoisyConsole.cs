using Doppel.Core.Backends;

namespace Doppel.Fuzz.Guest;

/// <summary>A console that drops what comes, and types when it is told to.</summary>
internal sealed class NoisyConsole : IConsoleBackend, IDisposable
{
    private readonly Random _random = new(1);
    private readonly Lock _lock = new();
    private int _waiting;
    private long _written;
    private (int, int) _size = (80, 25);

    public event Action? InputAvailable;

    public event Action? Resized;

    public (int Columns, int Rows) Size => _size;

    public long Written => Interlocked.Read(ref _written);

    public void Write(ReadOnlySpan<byte> data) => Interlocked.Add(ref _written, data.Length);

    public int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            int count = Math.Min(_waiting, buffer.Length);
            _waiting -= count;
            _random.NextBytes(buffer[..count]);
            return count;
        }
    }

    public void Type()
    {
        lock (_lock) _waiting = Math.Min(_waiting + 1000, 100_000);
        InputAvailable?.Invoke();
        _size = (_size.Item1 ^ 1, 25);
        Resized?.Invoke();
    }

    public void Dispose()
    {
        InputAvailable = null;
        Resized = null;
    }
}
