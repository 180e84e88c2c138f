using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Machine.Named;

/// <summary>
/// The host's end of the channel on which a guest listens for a request to switch itself off: lines of text, of which there is one, <c>poweroff</c>. Doppel's
/// own guests listen (docs/guest.md).
/// </summary>
internal sealed class PowerButton : IConsoleBackend
{
    public const string PortName = "doppel.power";

    private readonly Lock _lock = new();
    private byte[] _waiting = [];

    public event Action? InputAvailable;

    public event Action? Resized
    {
        add { }
        remove { }
    }

    public (int Columns, int Rows) Size => (0, 0);

    /// <summary>Asks once more. A guest that does not listen yet hears of it when it does.</summary>
    public void Press()
    {
        lock (_lock) _waiting = Encoding.ASCII.GetBytes("poweroff\n");
        InputAvailable?.Invoke();
    }

    public void Write(ReadOnlySpan<byte> data)
    {
    }

    public int Read(Span<byte> buffer)
    {
        lock (_lock)
        {
            int count = Math.Min(buffer.Length, _waiting.Length);
            _waiting.AsSpan(0, count).CopyTo(buffer);
            _waiting = _waiting[count..];
            return count;
        }
    }
}
