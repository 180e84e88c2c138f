using System.Text;
using Doppel.Core.Backends;

namespace Doppel.Machine.Named;

/// <summary>
/// The host's end of the channel on which a guest listens for what it is asked, a line each: <c>poweroff</c>, to switch itself off; and, of a copy of a machine that ran,
/// <c>identity UUID</c> and <c>address OLD NEW</c>, so that it becomes another one. Doppel's own guests listen (docs/guest.md).
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

    /// <summary>Whether a program of the guest listens.</summary>
    public bool IsHeard { get; private set; }

    /// <summary>Asks once more. A guest that does not listen yet hears of it when it does.</summary>
    public void Press()
    {
        ReadOnlySpan<byte> request = "poweroff\n"u8;
        lock (_lock)
        {
            if (!_waiting.AsSpan().EndsWith(request)) _waiting = [.. _waiting, .. request];
        }

        InputAvailable?.Invoke();
    }

    /// <summary>Tells a copy who it is.</summary>
    /// <param name="identity">A number that no other machine has: what its machine id may become.</param>
    /// <param name="addresses">Of its adapters: the address that the guest knows, and the one that it has now.</param>
    public void TellIdentity(Guid identity, IEnumerable<(string Old, string New)> addresses)
    {
        string lines = $"identity {identity}\n" + string.Concat(addresses.Select(a => $"address {a.Old} {a.New}\n"));
        lock (_lock) _waiting = [.. _waiting, .. Encoding.ASCII.GetBytes(lines)];
        InputAvailable?.Invoke();
    }

    public void GuestOpened(bool isOpen) => IsHeard = isOpen;

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
