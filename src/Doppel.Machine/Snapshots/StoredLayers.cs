using Doppel.Backends.Disk.Snapshots;

namespace Doppel.Machine.Snapshots;

/// <summary>The layers of a stored disk. A cluster's checksum is compared when it is first read.</summary>
internal sealed class StoredLayers(IReadOnlyDictionary<Guid, LayerFile> files) : IDiskLayers
{
    private readonly Dictionary<Guid, ulong[]> _verified = files.ToDictionary(f => f.Key, f => new ulong[(LayerFormat.Units(f.Value.Length) + 63) / 64]);

    public void Read(Guid layer, long offset, Span<byte> destination)
    {
        LayerFile file = files[layer];
        ulong[] verified = _verified[layer];
        Span<byte> bytes = destination;
        while (!bytes.IsEmpty)
        {
            long unit = offset / LayerFormat.UnitSize;
            int within = (int)(offset % LayerFormat.UnitSize);
            int count = Math.Min(bytes.Length, LayerFormat.UnitSize - within);
            if ((Volatile.Read(ref verified[unit / 64]) >> (int)(unit % 64) & 1) != 0)
            {
                file.Read(offset, bytes[..count]);
            }
            else
            {
                byte[] whole = new byte[LayerFormat.UnitSize];
                int size = file.ReadUnit(unit, whole);
                whole.AsSpan(within, Math.Min(count, size - within)).CopyTo(bytes);
                Interlocked.Or(ref verified[unit / 64], 1UL << (int)(unit % 64));
            }

            bytes = bytes[count..];
            offset += count;
        }
    }

    public long NextData(Guid layer, long offset) => files[layer].NextData(offset);

    public void Dispose()
    {
        foreach (LayerFile file in files.Values) file.Dispose();
    }
}
