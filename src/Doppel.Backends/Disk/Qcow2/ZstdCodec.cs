using System.Buffers;
using ZstdSharp;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Zstandard, by the managed port of its library (decision 0013), which the runtime loads when the first cluster is packed or unpacked. Only whole frames are given to it, with a place for
/// their content that is known before: it needs no window then, and nothing that a frame says of itself makes it take memory.
/// </summary>
internal sealed class ZstdCodec : ClusterCodec
{
    /// <summary>The library's own default, and what QEMU uses.</summary>
    private const int Level = 3;

    public override byte[]? Pack(ReadOnlySpan<byte> cluster)
    {
        byte[] packed = ArrayPool<byte>.Shared.Rent(cluster.Length);
        try
        {
            using var compressor = new Compressor(Level);
            return compressor.TryWrap(cluster, packed.AsSpan(0, cluster.Length - 1), out int length) ? packed[..length] : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(packed);
        }
    }

    public override bool TryUnpack(ArraySegment<byte> packed, Span<byte> cluster)
    {
        try
        {
            using var decompressor = new Decompressor();
            ReadOnlySpan<byte> rest = packed;
            // As QEMU reads them, clusters may consist of several frames.
            while (!cluster.IsEmpty)
            {
                int length = ZstdFrame.Measure(rest);
                if (length == 0) return false;
                cluster = cluster[decompressor.Unwrap(rest[..length], cluster)..];
                rest = rest[length..];
            }

            return true;
        }
        catch (ZstdException)
        {
            return false;
        }
    }
}
