namespace Doppel.Core.Backends;

/// <summary>How a piece of a disk is stored.</summary>
public enum BlockExtentKind
{
    /// <summary>No layer has it; it reads as zeroes.</summary>
    Unallocated,

    /// <summary>A layer says that it reads as zeroes.</summary>
    Zero,

    Data,

    Compressed,
}

/// <summary>A piece of a disk that is stored alike throughout.</summary>
/// <param name="Length">Bytes, at least one block.</param>
/// <param name="Layer">Which layer has it: 0 is the disk's own, 1 the one below, and so on; the lowest one if none has.</param>
/// <param name="FileOffset">Where it begins in that layer's file, if it is there as it is.</param>
public readonly record struct BlockExtent(long Length, BlockExtentKind Kind, int Layer = 0, long? FileOffset = null);
