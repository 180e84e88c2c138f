namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>Where datagrams for the guest come from; <see cref="DatagramTable.Wake"/> when there are some. Only on the loop's thread.</summary>
internal interface IDatagramSource
{
    /// <summary>Most datagrams of one source in a turn.</summary>
    const int DatagramsPerTurn = 64;

    /// <summary>What the host keeps while the guest is busy; more than its default, which a burst overruns.</summary>
    const int HostBuffer = 1 << 20;

    /// <summary>Whether it is in the list of those that have something to read.</summary>
    bool Woken { get; set; }

    /// <summary>Passes what has arrived to the guest, not too much at once; whether there may be more, as when the link is blocked.</summary>
    bool Pump();
}
