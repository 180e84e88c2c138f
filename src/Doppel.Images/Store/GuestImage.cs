namespace Doppel.Images.Store;

/// <summary>A guest in the cache, ready to boot.</summary>
public sealed record GuestImage
{
    public required string Name { get; init; }

    /// <summary>The version of the kernel's package.</summary>
    public required string Version { get; init; }

    /// <summary>A raw RISC-V Image.</summary>
    public required string KernelPath { get; init; }

    /// <summary>An uncompressed cpio archive; another may be appended.</summary>
    public required string InitrdPath { get; init; }

    /// <summary>A qcow2 image to boot from, not to be written to: machines put layers of their own over it. Null for guests that live in memory.</summary>
    public string? DiskPath { get; init; }

    /// <summary>How large the disk is for the guest; null without one.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>What it takes on the disk. Images may share some of it.</summary>
    public required long SizeBytes { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The mirror that it came from.</summary>
    public required string Source { get; init; }

    /// <summary>True if the signature of Debian's archive was verified, not the checksums alone.</summary>
    public required bool SignatureVerified { get; init; }

    /// <summary>Every Debian package in it, as <c>name version</c>.</summary>
    public required IReadOnlyList<string> Packages { get; init; }
}
