using System.IO.Compression;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Raw deflate (<see cref="Qcow2CompressionType.Zlib"/>), by the framework.</summary>
internal sealed class DeflateCodec : ClusterCodec
{
    public override byte[]? Pack(ReadOnlySpan<byte> cluster)
    {
        var packed = new MemoryStream(cluster.Length);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(cluster);
        return packed.Length < cluster.Length ? packed.ToArray() : null;
    }

    public override bool TryUnpack(ArraySegment<byte> packed, Span<byte> cluster)
    {
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(packed.Array!, packed.Offset, packed.Count), CompressionMode.Decompress);
            inflate.ReadExactly(cluster);
            return true;
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            return false;
        }
    }
}
