namespace Doppel.Machine.Agent.Copy;

/// <summary>What an item of an archive is; anything else is left out.</summary>
internal enum TarKind
{
    File,
    Folder,
    SymbolicLink,

    /// <summary>Another name of a file that came before.</summary>
    HardLink,
    Other,
}

/// <summary>An item of an archive.</summary>
/// <param name="Name">As the archive says: it is not trusted.</param>
/// <param name="Mode">Permissions, of all bits those for user, group and others.</param>
/// <param name="Link">Where a link leads; empty for others.</param>
internal sealed record TarItem(string Name, TarKind Kind, long Size, UnixFileMode Mode, string Link);
