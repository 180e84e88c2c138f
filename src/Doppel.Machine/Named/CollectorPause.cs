using System.Runtime;

namespace Doppel.Machine.Named;

/// <summary>
/// A time in which the collector does not run, as long as no more is made meanwhile than a machine that is kept makes. A collection stops all managed threads for 3 to 20 milliseconds, and the stop of a machine, which takes one
/// or two, makes half a megabyte: three of twelve had one in them.
/// </summary>
/// <remarks>For processes of our own only: there is one such time in a process, and the collector is everybody's. What has been made meanwhile is collected afterwards.</remarks>
internal sealed class CollectorPause : IDisposable
{
    /// <summary>A fork makes 2 MiB.</summary>
    private const long Bytes = 16 << 20;

    private readonly bool _isOurs;

    public CollectorPause()
    {
        try
        {
            _isOurs = GC.TryStartNoGCRegion(Bytes, disallowFullBlockingGC: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentOutOfRangeException)
        {
            // Somebody else has one, and will end it; or the collector has been given less memory than that.
        }
    }

    public void Dispose()
    {
        // More was made than that: then it has ended.
        if (!_isOurs || GCSettings.LatencyMode != GCLatencyMode.NoGCRegion) return;
        try
        {
            GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // Between the two lines.
        }
    }
}
