using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Machine.Guests;

/// <summary>The host's end of a channel of text: gives whole lines. There is nothing to read from it.</summary>
internal sealed class LinePort(Action<string> line) : IConsoleBackend
{
    /// <summary>A guest that never ends its line is cut off here.</summary>
    private const int LongestLine = 4096;

    private readonly Lock _lock = new();
    private readonly List<byte> _pending = [];

    public event Action? InputAvailable
    {
        add { }
        remove { }
    }

    public event Action? Resized
    {
        add { }
        remove { }
    }

    public (int Columns, int Rows) Size => (0, 0);

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            foreach (byte value in data)
            {
                if (value == '\n' || _pending.Count == LongestLine) Flush();
                if (value != '\n') _pending.Add(value);
            }
        }
    }

    public int Read(Span<byte> buffer) => 0;

    /// <summary>Gives what has no line end yet.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_pending.Count > 0) Flush();
        }
    }

    private void Flush()
    {
        line(Encoding.UTF8.GetString([.. _pending]).TrimEnd('\r'));
        _pending.Clear();
    }
}
