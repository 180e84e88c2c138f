using System.Text;
using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Backends.Console;

/// <summary>A console for programs: types into the guest, waits for what it prints.</summary>
public sealed class MemoryConsole : IConsoleBackend
{
    private const int TailShown = 400;
    private readonly Lock _lock = new();
    private readonly InputQueue _input = new();
    private readonly List<byte> _output = [];
    private readonly int _limit;
    private long _dropped;
    private long _cursor;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="outputLimit">Bytes of output kept; the oldest are dropped beyond it.</param>
    public MemoryConsole(int outputLimit = 16 << 20)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputLimit);
        _limit = outputLimit;
        _input.Changed += () => InputAvailable?.Invoke();
    }

    public event Action? InputAvailable;

    public event Action? Resized;

    public (int Columns, int Rows) Size { get; private set; }

    public bool InputEnded => _input.Ended;

    /// <summary>Everything that the guest has written, as far as it is kept.</summary>
    public string Output
    {
        get
        {
            lock (_lock) return Text(0, _output.Count);
        }
    }

    /// <summary>As <see cref="Output"/>, the bytes as they are.</summary>
    public byte[] OutputBytes
    {
        get
        {
            lock (_lock) return [.. _output];
        }
    }

    /// <summary>Types bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes) => _input.Add(bytes);

    /// <summary>Types text.</summary>
    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text));

    /// <summary>Types text and the Enter key.</summary>
    public void SendLine(string text = "") => Send(text + "\r");

    /// <summary>Nothing more will be typed.</summary>
    public void EndInput() => _input.End();

    public void Resize(int columns, int rows)
    {
        Size = (columns, rows);
        Resized?.Invoke();
    }

    /// <summary>
    /// Waits for a text after the one waited for before, so that a dialogue can be followed step by step.
    /// </summary>
    /// <returns>The output from after the previous text up to and including this one.</returns>
    /// <exception cref="DoppelException">It did not come in time.</exception>
    public async Task<string> WaitForAsync(string text, TimeSpan timeout, CancellationToken cancel = default)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(text);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        long searched = 0;
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                int start = (int)Math.Max(0, _cursor - _dropped);
                int from = (int)Math.Max(start, searched - _dropped);
                int found = IndexOf(wanted, from);
                if (found >= 0)
                {
                    _cursor = _dropped + found + wanted.Length;
                    return Text(start, found + wanted.Length - start);
                }

                // What comes next may complete a text that has begun.
                searched = _dropped + Math.Max(from, _output.Count - wanted.Length + 1);
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new DoppelException(ErrorKind.TimedOut, $"the console did not show '{text}' within {timeout.TotalSeconds:0.###} s; it ended with '{Tail()}'");
            }
        }
    }

    void IConsoleBackend.Write(ReadOnlySpan<byte> data)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _output.AddRange(data);
            // Dropped in large pieces, because each moves the rest.
            if (_output.Count > _limit + _limit / 4)
            {
                int excess = _output.Count - _limit;
                _output.RemoveRange(0, excess);
                _dropped += excess;
            }

            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    int IConsoleBackend.Read(Span<byte> buffer) => _input.Take(buffer);

    private int IndexOf(byte[] wanted, int from)
    {
        for (int at = from; at <= _output.Count - wanted.Length; at++)
        {
            int matched = 0;
            while (matched < wanted.Length && _output[at + matched] == wanted[matched]) matched++;
            if (matched == wanted.Length) return at;
        }

        return -1;
    }

    private string Tail()
    {
        lock (_lock) return Text(Math.Max(0, _output.Count - TailShown), Math.Min(TailShown, _output.Count)).ReplaceLineEndings("⏎");
    }

    private string Text(int start, int count) => Encoding.UTF8.GetString([.. _output.GetRange(start, count)]);
}
