namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A way to compress clusters. An image has one for all of its clusters; any number of threads may use it.</summary>
internal abstract class ClusterCodec
{
    public static ClusterCodec Of(Qcow2CompressionType type) => type == Qcow2CompressionType.Zstd ? new ZstdCodec() : new DeflateCodec();

    /// <returns>The compressed bytes, or null if they would not be fewer.</returns>
    public abstract byte[]? Pack(ReadOnlySpan<byte> cluster);

    /// <summary>Fills the cluster, as hostile input: whatever the data is, this ends soon and takes no more memory than data and cluster do.</summary>
    /// <param name="packed">The data; behind it there may be anything.</param>
    /// <returns>False if the data is damaged, or is not as much as the cluster.</returns>
    public abstract bool TryUnpack(ArraySegment<byte> packed, Span<byte> cluster);
}
