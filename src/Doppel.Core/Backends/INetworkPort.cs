namespace Doppel.Core.Backends;

/// <summary>One end of a virtual Ethernet cable: an adapter of a guest, a port of a switch, a gateway. Every member is thread-safe.</summary>
public interface INetworkPort
{
    /// <summary>What frames that are handed to this end may leave undone.</summary>
    FrameOffloads Accepts { get; }

    /// <summary>Takes a frame: destination address first, without frame check sequence. Never blocks, and keeps no reference to it.</summary>
    /// <returns>False if there is no room just now: nothing was taken, and <see cref="RoomAvailable"/> will be raised.</returns>
    bool TryTake(ReadOnlySpan<byte> frame, in FrameOffload offload);

    /// <summary>
    /// Whether whoever is behind this end still has to do with datagrams that it was handed, so that more of them would only cost it the time that it needs for those, and be lost.
    /// Who can let datagrams wait elsewhere, or lose them cheaper, does so for a moment; <see cref="RoomAvailable"/> is raised when it is over. False where nobody knows.
    /// </summary>
    bool IsBehind => false;

    /// <summary>Raised, on any thread and without locks held, when there is room again after <see cref="TryTake"/> has said no, or <see cref="IsBehind"/> is over.</summary>
    event Action? RoomAvailable;
}
