using System.Net.Sockets;

namespace Doppel.Backends.Net.User.Tcp;

internal enum HostStreamState
{
    Connecting,
    Open,
    Failed,
}

/// <summary>The host's side of a TCP connection of the guest. Used on the loop's thread.</summary>
internal interface IHostStream
{
    HostStreamState State { get; }

    /// <summary>Why it has failed.</summary>
    SocketError Error { get; }

    /// <summary>Called, never from within a call of this interface, when it is open, has failed, has something to read after there was nothing, or has sent what it had.</summary>
    Action Changed { set; }

    /// <summary>Bytes of the guest that the host has not taken yet.</summary>
    int Unsent { get; }

    /// <summary>Begins to connect, if it is not open from the beginning.</summary>
    void Connect();

    /// <summary>Takes all of it; what the host does not take at once waits.</summary>
    void Send(ReadOnlySpan<byte> data);

    /// <summary>The guest has sent its last byte.</summary>
    void EndSending();

    /// <summary>Reads what is there; 0 if there is nothing just now, or never again.</summary>
    int Receive(Span<byte> buffer, out bool ended);

    /// <summary>Closes in order.</summary>
    void Close();

    /// <summary>Closes with a reset.</summary>
    void Abort();
}
