namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Bits of <c>incompatible_features</c>: who does not know one must not open the image.</summary>
[Flags]
internal enum IncompatibleFeature : ulong
{
    None = 0,

    /// <summary>Reference counts may be too low; they must be made anew before the image is written.</summary>
    Dirty = 1 << 0,

    /// <summary>Something found the image damaged; it must not be written but by a repair.</summary>
    Corrupt = 1 << 1,

    /// <summary>The data is in another file.</summary>
    ExternalData = 1 << 2,

    /// <summary><c>compression_type</c> is not zlib.</summary>
    CompressionType = 1 << 3,

    /// <summary>Entries of L2 tables have 128 bits, for subclusters.</summary>
    ExtendedL2 = 1 << 4,
}

/// <summary>Bits of <c>compatible_features</c>.</summary>
[Flags]
internal enum CompatibleFeature : ulong
{
    None = 0,

    /// <summary>Reference counts are written late, with <see cref="IncompatibleFeature.Dirty"/> set meanwhile.</summary>
    LazyRefcounts = 1 << 0,
}

/// <summary>Bits of <c>autoclear_features</c>: who does not keep up what one stands for must clear it before it writes.</summary>
[Flags]
internal enum AutoclearFeature : ulong
{
    None = 0,

    /// <summary>The bitmaps extension is up to date.</summary>
    Bitmaps = 1 << 0,

    RawExternalData = 1 << 1,
}
