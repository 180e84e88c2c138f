// Virtual I/O Device (VIRTIO) Version 1.2, section 5.3 "Console Device": one port.
using Doppel.Core.Backends;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Virtio;

/// <summary>What a port of a <see cref="VirtioConsole"/> is connected to.</summary>
/// <param name="Name">The guest's name for a byte channel; null for none.</param>
/// <param name="IsConsole">Whether the guest makes a terminal of it (<c>hvc0</c>).</param>
public sealed record VirtioConsolePort(IConsoleBackend Backend, string? Name = null, bool IsConsole = false);

/// <summary>Control messages that wait for a buffer of the guest. A set, not a queue, so that no guest can make it grow; sent in this order.</summary>
[Flags]
internal enum PortMessages
{
    None = 0,
    Add = 1,
    Console = 2,
    Resize = 4,
    Name = 8,
    Open = 16,
    All = Add | Console | Resize | Name | Open,
}

/// <summary>The state of one port.</summary>
internal sealed class ConsolePortState(VirtioConsolePort port, int index)
{
    /// <summary>Input is taken from the backend in pieces of this size, only when the last one has been delivered.</summary>
    private const int PieceSize = 4096;

    private readonly byte[] _piece = new byte[PieceSize];
    private int _start;
    private int _end;

    public VirtioConsolePort Port => port;

    public int Index => index;

    /// <summary>Section 5.3.2: port 0 has queues 0 and 1, the control queues are 2 and 3, port n has 2n + 2 and 2n + 3.</summary>
    public int ReceiveQueue => index == 0 ? 0 : 2 * index + 2;

    /// <summary>The guest has been told of the port.</summary>
    public bool Added { get; set; }

    /// <summary>The guest has set the port up.</summary>
    public bool Ready { get; set; }

    /// <summary>A program of the guest, or its console, has the port open.</summary>
    public bool GuestOpen
    {
        get;
        set
        {
            if (field == value) return;
            field = value;
            port.Backend.GuestOpened(value);
        }
    }

    /// <summary>Our end is open: the input has not ended.</summary>
    public bool HostOpen { get; set; } = true;

    public PortMessages Pending { get; set; }

    /// <summary>The guest has written to the port since it was reset.</summary>
    public bool Written { get; private set; }

    public void Write(ReadOnlySpan<byte> output)
    {
        Written = true;
        port.Backend.Write(output);
    }

    /// <summary>Input that waits for a buffer of the guest, after asking the backend for more if there is none.</summary>
    public ReadOnlySpan<byte> Input()
    {
        if (_start == _end && HostOpen)
        {
            // Asked first: what arrives between the two is then still read before the end is believed.
            bool ended = port.Backend.InputEnded;
            _start = 0;
            _end = port.Backend.Read(_piece);
            if (_end == 0 && ended)
            {
                HostOpen = false;
                if (Ready) Pending |= PortMessages.Open;
            }
        }

        return _piece.AsSpan(_start.._end);
    }

    public void Consume(int count) => _start += count;

    public void Reset()
    {
        Added = Ready = GuestOpen = Written = false;
        HostOpen = true;
        Pending = PortMessages.None;
        _start = _end = 0;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("added", Added);
        writer.Write("ready", Ready);
        writer.Write("guest-open", GuestOpen);
        writer.Write("host-open", HostOpen);
        writer.Write("pending", (ulong)Pending);
        writer.Write("input", _piece.AsSpan(_start.._end));
        writer.Write("written", Written);
    }

    public void Load(SnapshotReader reader)
    {
        Added = reader.GetBoolean("added");
        Ready = reader.GetBoolean("ready");
        GuestOpen = reader.GetBoolean("guest-open");
        HostOpen = reader.GetBoolean("host-open", true);
        Pending = (PortMessages)reader.GetUInt64("pending", 0, (ulong)PortMessages.All);
        ReadOnlyMemory<byte> input = reader.GetBytes("input", PieceSize);
        input.Span.CopyTo(_piece);
        (_start, _end) = (0, input.Length);
        Written = reader.GetBoolean("written", GuestOpen);
        port.Backend.GoesOn(Written);
    }
}
