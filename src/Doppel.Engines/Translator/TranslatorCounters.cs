using Doppel.Core.Metrics;

namespace Doppel.Engines.Translator;

/// <summary>What the translator of one machine has done so far. Numbers only grow.</summary>
public sealed class TranslatorCounters
{
    private long _regions;
    private long _instructions;
    private long _guestBytes;
    private long _bytes;
    private long _ticks;
    private long _invalidations;
    private long _evictions;
    private long _evictedRegions;
    private long _withoutSites;

    /// <summary>Regions translated.</summary>
    public long Regions => Volatile.Read(ref _regions);

    /// <summary>Guest instructions in them.</summary>
    public long Instructions => Volatile.Read(ref _instructions);

    /// <summary>Bytes of them.</summary>
    public long GuestBytes => Volatile.Read(ref _guestBytes);

    /// <summary>Bytes of code made.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The time that translating took.</summary>
    public TimeSpan Time => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>Regions dropped because their guest code had changed.</summary>
    public long Invalidations => Volatile.Read(ref _invalidations);

    /// <summary>How often the oldest eighth of the code memory was given up because the memory was full.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Regions that went with that.</summary>
    public long EvictedRegions => Volatile.Read(ref _evictedRegions);

    /// <summary>Regions translated anew so that one of their accesses remembers two pages, or none.</summary>
    public long WithoutSites => Volatile.Read(ref _withoutSites);

    internal void Translated(int instructions, int guestBytes, int bytes, TimeSpan time)
    {
        Interlocked.Add(ref _ticks, time.Ticks);
        Interlocked.Increment(ref _regions);
        Interlocked.Add(ref _instructions, instructions);
        Interlocked.Add(ref _guestBytes, guestBytes);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void Invalidated() => Interlocked.Increment(ref _invalidations);

    internal void GaveUpSite() => Interlocked.Increment(ref _withoutSites);

    internal void Evicted(int regions)
    {
        Interlocked.Increment(ref _evictions);
        Interlocked.Add(ref _evictedRegions, regions);
    }

    internal IEnumerable<Statistic> All =>
    [
        new("translator.regions", Regions),
        new("translator.instructions", Instructions),
        new("translator.guest-bytes", GuestBytes),
        new("translator.code-bytes", Bytes),
        new("translator.microseconds", (long)Time.TotalMicroseconds),
        new("translator.invalidations", Invalidations),
        new("translator.without-sites", WithoutSites),
        new("translator.evictions", Evictions),
        new("translator.evicted-regions", EvictedRegions),
    ];
}
