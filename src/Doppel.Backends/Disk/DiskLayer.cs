namespace Doppel.Backends.Disk;

/// <summary>One of the files of which a disk consists.</summary>
/// <param name="Path">As it was opened.</param>
public sealed record DiskLayer(string Path, DiskFormat Format);
