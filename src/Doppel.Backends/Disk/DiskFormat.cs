namespace Doppel.Backends.Disk;

/// <summary>What the bytes of an image mean.</summary>
public enum DiskFormat
{
    /// <summary>They are the disk's.</summary>
    Raw,

    /// <summary>QEMU's format, versions 2 and 3.</summary>
    Qcow2,
}
