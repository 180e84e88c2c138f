namespace Doppel.Backends.Disk.Qcow2;

/// <summary>How the compressed clusters of an image are compressed, all of them: the header's <c>compression_type</c>.</summary>
public enum Qcow2CompressionType
{
    /// <summary>Raw deflate, which every program knows.</summary>
    Zlib,

    /// <summary>Packs nearly as well in half of the time; programs from before 2020 (QEMU 5.1) cannot open the image.</summary>
    Zstd,
}
