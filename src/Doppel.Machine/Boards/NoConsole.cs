using Doppel.Core.Backends;

namespace Doppel.Machine.Boards;

/// <summary>The other end of a wire that nobody has plugged in.</summary>
internal sealed class NoConsole : IConsoleBackend
{
    public static readonly NoConsole Instance = new();

    private NoConsole()
    {
    }

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
    }

    public int Read(Span<byte> buffer) => 0;
}
