using Doppel.Backends.Disk.Qcow2;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Writes whole clusters compressed, several compressed at a time; what is less than a cluster, or grows by it, as it is.</summary>
internal sealed class CompressedTarget(Qcow2Disk disk)
{
    private readonly Qcow2Compression _compression = new(disk.Image);

    public void Write(long offset, ReadOnlyMemory<byte> data)
    {
        int cluster = disk.AllocationSize;
        int count = (data.Length + cluster - 1) / cluster;
        byte[]?[] packed = new byte[]?[count];
        if (offset % cluster == 0)
        {
            Parallel.For(0, count, i =>
            {
                ReadOnlySpan<byte> part = Part(i).Span;
                if (part.Length < cluster && offset + data.Length != disk.Length) return;
                // The last cluster of the disk is filled up.
                byte[] whole = new byte[cluster];
                part.CopyTo(whole);
                packed[i] = _compression.Compress(whole);
            });
        }

        disk.Image.Commit.RunIfFull();
        for (int i = 0; i < count; i++)
        {
            if (packed[i] is not { } bytes || !_compression.Write(offset + (long)i * cluster, bytes)) disk.Write(offset + (long)i * cluster, Part(i).Span);
        }

        ReadOnlyMemory<byte> Part(int index) => data.Slice(index * cluster, Math.Min(cluster, data.Length - index * cluster));
    }
}
