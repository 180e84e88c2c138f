using Doppel.Backends.Console;
using Doppel.Core.Backends;

namespace Doppel.Cli.Run;

/// <summary>
/// The host's end of a byte channel that the guest only writes to. Its input has not ended, it is merely silent: Linux lets nobody write to a port whose
/// host end is closed.
/// </summary>
internal sealed class OutputPort(StreamConsole output) : IConsoleBackend
{
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

    public bool InputEnded => false;

    public (int Columns, int Rows) Size => (0, 0);

    public void Write(ReadOnlySpan<byte> data) => output.Write(data);

    public int Read(Span<byte> buffer) => 0;
}
