namespace Doppel.Machine;

/// <summary>What a network adapter is plugged into.</summary>
public enum NetworkKind
{
    /// <summary>What <see cref="VmHost.Networks"/> has for it; without that, nothing.</summary>
    Host,

    /// <summary>A user-mode network of its own: <see cref="NetworkConfig.User"/>.</summary>
    User,

    /// <summary>A network with a name, between machines of this user: <see cref="Networks.NetworkStore"/>.</summary>
    Named,

    /// <summary>A tap interface of the host.</summary>
    Tap,
}
