namespace Doppel.Backends.Disk.Qcow2;

/// <summary>The clusters of the disk whose place is being changed. Used under the image's lock.</summary>
internal sealed class ClusterClaims
{
    private readonly List<NewClusters> _claims = [];

    /// <summary>Waits, without the lock, until nobody changes the place of any cluster of the range.</summary>
    public void WaitFor(Qcow2Image image, long offset, long length)
    {
        int bits = image.Header.ClusterBits;
        long first = offset >> bits;
        long last = (offset + length - 1) >> bits;
        while (_claims.Exists(c => c.First <= last && first < c.First + c.Count)) Monitor.Wait(image.Sync);
    }

    public void Add(NewClusters run) => _claims.Add(run);

    public void Remove(Qcow2Image image, NewClusters run)
    {
        _claims.Remove(run);
        Monitor.PulseAll(image.Sync);
    }
}
