using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Devices.Virtio;

/// <summary>The host's end of a port, driven by a test.</summary>
internal sealed class FakeConsole : IConsoleBackend
{
    private readonly Queue<byte> _input = new();
    private readonly List<byte> _output = [];

    public event Action? InputAvailable;

    public event Action? Resized;

    public bool InputEnded { get; private set; }

    public (int Columns, int Rows) Size { get; private set; }

    public string Output => Encoding.UTF8.GetString([.. _output]);

    public int Waiting => _input.Count;

    public void Type(string text)
    {
        foreach (byte b in Encoding.UTF8.GetBytes(text)) _input.Enqueue(b);
        InputAvailable?.Invoke();
    }

    public void End()
    {
        InputEnded = true;
        InputAvailable?.Invoke();
    }

    public void Resize(int columns, int rows)
    {
        Size = (columns, rows);
        Resized?.Invoke();
    }

    /// <summary>Whether the guest had written in the state that it goes on from; null if it goes on from none.</summary>
    public bool? WentOn { get; private set; }

    public void GoesOn(bool written) => WentOn = written;

    /// <summary>What was said of the guest's end, in order: opened or closed.</summary>
    public List<bool> Openings { get; } = [];

    public void GuestOpened(bool isOpen) => Openings.Add(isOpen);

    /// <summary>Called before each piece of output is taken.</summary>
    public Action? Writing { get; set; }

    public void Write(ReadOnlySpan<byte> data)
    {
        Writing?.Invoke();
        _output.AddRange(data);
    }

    public int Read(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && _input.TryDequeue(out byte b)) buffer[count++] = b;
        return count;
    }
}
