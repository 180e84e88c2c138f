namespace Doppel.Backends.Disk.Qcow2;

/// <summary>The clusters of the file that hold tables, so that no table and no data are ever put on top of them. Used under the image's lock.</summary>
internal sealed class MetadataMap(ImageStore store, int clusterBits)
{
    private readonly HashSet<long> _clusters = [0];

    public bool Contains(long cluster) => _clusters.Contains(cluster);

    public void Add(long cluster) => _clusters.Add(cluster);

    public void Remove(long cluster) => _clusters.Remove(cluster);

    /// <summary>Notes a table; one that lies on another one is an error.</summary>
    /// <exception cref="Core.Errors.DoppelException">Two tables overlap.</exception>
    public void Claim(long offset, long bytes, string what)
    {
        for (long cluster = offset >> clusterBits; cluster << clusterBits < offset + bytes; cluster++)
        {
            if (!_clusters.Add(cluster)) throw Qcow2Errors.Corrupt(store.Path, $"{what} at 0x{cluster << clusterBits:x} lies on another table");
        }
    }

    /// <summary>Forgets a table that has been given up.</summary>
    public void Release(long offset, long bytes)
    {
        for (long cluster = offset >> clusterBits; cluster << clusterBits < offset + bytes; cluster++) _clusters.Remove(cluster);
    }
}
