namespace Doppel.Backends.Disk.Qcow2;

/// <summary>What an open image may hold in memory, beside its L1 and refcount tables (at most 40 MiB by the format's own limits) and a buffer for each request.</summary>
internal static class Qcow2Limits
{
    /// <summary>L2 tables: those of 256 GiB with clusters of 64 KiB.</summary>
    public const int L2CacheBytes = 32 << 20;

    public const int RefcountCacheBytes = 8 << 20;

    /// <summary>The fewest tables that are kept, however large they are.</summary>
    public const int MinTables = 4;

    /// <summary>Most bytes that one step of a write allocates.</summary>
    public const int WriteStep = 4 << 20;

    /// <summary>Ranges of clusters that wait for a commit to be given back.</summary>
    public const int MaxFreed = 1 << 16;

    /// <summary>Longest chain of backing files.</summary>
    public const int MaxLayers = 256;
}
