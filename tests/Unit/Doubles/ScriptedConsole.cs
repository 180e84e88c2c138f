using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Doubles;

/// <summary>A console backend whose input a test types and whose output a test reads; everything happens on the test's thread.</summary>
internal sealed class ScriptedConsole : IConsoleBackend
{
    private readonly Queue<byte> _input = [];
    private readonly List<byte> _output = [];

    public event Action? InputAvailable;

    public event Action? Resized;

    public (int Columns, int Rows) Size { get; private set; }

    /// <summary>Everything written, one character per byte.</summary>
    public string Output => Encoding.Latin1.GetString([.. _output]);

    /// <summary>Bytes typed that nobody has taken yet.</summary>
    public int Waiting => _input.Count;

    public void Type(string text)
    {
        foreach (byte value in Encoding.Latin1.GetBytes(text)) _input.Enqueue(value);
        InputAvailable?.Invoke();
    }

    public void Resize(int columns, int rows)
    {
        Size = (columns, rows);
        Resized?.Invoke();
    }

    public void Write(ReadOnlySpan<byte> data) => _output.AddRange(data);

    public int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _input.Count);
        for (int i = 0; i < count; i++) buffer[i] = _input.Dequeue();
        return count;
    }
}
