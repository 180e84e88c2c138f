using Doppel.Core.Backends;

namespace Doppel.Machine.Named;

/// <summary>
/// The console of a machine whose users come and go, several at a time: all see what the guest writes, each may type, and the window is as large as the last one
/// said. Everything is written to a log as well.
/// </summary>
internal sealed class ConsoleHub(ConsoleLog log) : IConsoleBackend
{
    private readonly Lock _lock = new();
    private readonly Queue<byte> _input = [];
    private readonly List<Action<ReadOnlyMemory<byte>>> _watchers = [];

    public event Action? InputAvailable;

    public event Action? Resized;

    public (int Columns, int Rows) Size { get; private set; }

    public void Write(ReadOnlySpan<byte> data)
    {
        byte[] copy = data.ToArray();
        lock (_lock)
        {
            log.Write(copy);
            foreach (Action<ReadOnlyMemory<byte>> watcher in _watchers) watcher(copy);
        }
    }

    public int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            int count = 0;
            while (count < buffer.Length && _input.TryDequeue(out byte value)) buffer[count++] = value;
            return count;
        }
    }

    /// <summary>What a user types.</summary>
    public void Type(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            foreach (byte value in data) _input.Enqueue(value);
        }

        InputAvailable?.Invoke();
    }

    public void Resize(int columns, int rows)
    {
        Size = (columns, rows);
        Resized?.Invoke();
    }

    /// <summary>Tells of everything that the guest writes from now on, until what is returned is disposed of.</summary>
    /// <param name="watcher">Must be quick, and not call back.</param>
    public IDisposable Watch(Action<ReadOnlyMemory<byte>> watcher)
    {
        lock (_lock) _watchers.Add(watcher);
        return new Watching(this, watcher);
    }

    private sealed class Watching(ConsoleHub hub, Action<ReadOnlyMemory<byte>> watcher) : IDisposable
    {
        public void Dispose()
        {
            lock (hub._lock) hub._watchers.Remove(watcher);
        }
    }
}
