namespace Doppel.Core.Backends;

/// <summary>What a guest's network adapter is plugged into. Whoever made it disposes it, after the machine.</summary>
public interface INetworkBackend
{
    /// <summary>Plugs an adapter in; once.</summary>
    /// <returns>Where the adapter's frames go to.</returns>
    INetworkPort Connect(INetworkPort adapter);

    /// <summary>Names the guest's connections through this network, as part of its adapter's saved state; empty if the network knows of none. From any thread; never waits for the guest.</summary>
    byte[] SaveConnections() => [];

    /// <summary>
    /// The machine has been set back to a saved state, or goes on as a copy: what is remembered of its connections no longer fits, and they are to end rather than hang.
    /// Called by the adapter when its state has been loaded, from any thread; never blocks.
    /// </summary>
    /// <param name="saved">What <see cref="SaveConnections"/> of the network of then has said, if it was one of this kind; else it has no effect. It may come from a stranger's file.</param>
    void EndConnections(ReadOnlyMemory<byte> saved)
    {
    }

    /// <summary>Whether the cable is plugged in.</summary>
    bool IsUp => true;

    /// <summary>Raised, on any thread and without locks held, when <see cref="IsUp"/> has changed.</summary>
    event Action? LinkChanged
    {
        add { }
        remove { }
    }
}
