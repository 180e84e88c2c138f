using System.Diagnostics;
using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Bench.States;

/// <summary>What a guest says that writes a dot every millisecond (bench/guest/beat.c), and when it came. Thread-safe.</summary>
internal sealed class Heartbeat : IConsoleBackend
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly List<long> _beats = [];
    private readonly StringBuilder _text = new();
    private readonly Queue<byte> _typed = [];

    public event Action? InputAvailable;

    public event Action? Resized
    {
        add { }
        remove { }
    }

    public (int Columns, int Rows) Size => (0, 0);

    /// <summary>What came besides.</summary>
    public string Text
    {
        get
        {
            lock (_lock) return _text.ToString();
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            foreach (byte one in data)
            {
                if (one == '.') _beats.Add(now);
                else _text.Append((char)one);
            }
        }
    }

    public int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            int count = 0;
            while (count < buffer.Length && _typed.TryDequeue(out byte one)) buffer[count++] = one;
            return count;
        }
    }

    /// <summary>Types a line.</summary>
    public void Type(string line)
    {
        lock (_lock)
        {
            foreach (byte one in Encoding.ASCII.GetBytes(line + "\n")) _typed.Enqueue(one);
        }

        InputAvailable?.Invoke();
    }

    /// <summary>Waits for a text other than dots.</summary>
    public Task WaitForAsync(string text) => UntilAsync(() => Text.Contains(text, StringComparison.Ordinal), $"'{text}'");

    /// <summary>When the first dot came after a moment; waits for it.</summary>
    public async Task<long> FirstAfterAsync(long moment)
    {
        long found = 0;
        await UntilAsync(() => (found = Find(moment)) != 0, "a sign of life");
        return found;
    }

    /// <summary>The longest time between two dots of which the second came in a period; in milliseconds.</summary>
    public double LongestGap(long from, long to)
    {
        lock (_lock)
        {
            long longest = 0;
            for (int i = _beats.Count - 1; i > 0 && _beats[i] >= from; i--)
            {
                if (_beats[i] <= to) longest = Math.Max(longest, _beats[i] - _beats[i - 1]);
            }

            return Stopwatch.GetElapsedTime(0, longest).TotalMilliseconds;
        }
    }

    private long Find(long moment)
    {
        lock (_lock)
        {
            int index = _beats.BinarySearch(moment);
            if (index < 0) index = ~index;
            while (index < _beats.Count && _beats[index] <= moment) index++;
            return index < _beats.Count ? _beats[index] : 0;
        }
    }

    private async Task UntilAsync(Func<bool> isThere, string what)
    {
        long began = Stopwatch.GetTimestamp();
        while (!isThere())
        {
            if (Stopwatch.GetElapsedTime(began) > Patience) throw new BenchException($"{what} does not come from the guest within {Patience.TotalSeconds:0} s");
            await Task.Delay(1);
        }
    }
}
