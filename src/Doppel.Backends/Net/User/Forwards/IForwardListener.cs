namespace Doppel.Backends.Net.User.Forwards;

/// <summary>Listens on a port of the host. Disposed from any thread; connections that exist go on.</summary>
internal interface IForwardListener : IDisposable
{
    /// <summary>With the port that was found, if any was asked for.</summary>
    PortForward Forward { get; }

    /// <summary>Begins to take what comes.</summary>
    void Start();
}
