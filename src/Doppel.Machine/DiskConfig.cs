namespace Doppel.Machine;

/// <summary>A disk of the guest and the file behind it.</summary>
/// <param name="Path">A raw disk image on the host.</param>
/// <param name="ReadOnly">The guest cannot write, and other machines may read the file at the same time.</param>
public sealed record DiskConfig(string Path, bool ReadOnly = false);
