namespace Doppel.Backends.Net.Switch;

/// <summary>Why a frame did not get on.</summary>
public enum SwitchDrop
{
    /// <summary>Too short, too long, or what it says of itself is impossible.</summary>
    Malformed,

    /// <summary>A tag where none may be, or of a segment that the port is not in.</summary>
    Vlan,

    /// <summary>A sender that the port is not for.</summary>
    Spoofed,

    /// <summary>The rule said so, or failed.</summary>
    Rule,

    /// <summary>To an address of which IEEE 802.1Q says that no bridge forwards it.</summary>
    Reserved,

    /// <summary>Whoever is behind the port has no room.</summary>
    Full,
}
