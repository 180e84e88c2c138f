namespace Doppel.Backends.Net.Switch;

/// <summary>Lets so much pass in a second, and a tenth of that at once. Thread-safe.</summary>
internal sealed class TokenBucket(long perSecond, TimeProvider time)
{
    private const int BurstsPerSecond = 10;
    private readonly Lock _lock = new();
    private double _tokens = (double)perSecond / BurstsPerSecond;
    private long _filled = time.GetTimestamp();

    /// <summary>Takes if there is anything; more may be taken than there is, which is then owed.</summary>
    /// <returns>How long to wait before coming again; zero if it was taken.</returns>
    public TimeSpan Take(long amount)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _tokens = Math.Min(_tokens + perSecond * time.GetElapsedTime(_filled, now).TotalSeconds, (double)perSecond / BurstsPerSecond);
            _filled = now;
            if (_tokens <= 0) return TimeSpan.FromSeconds((1 - _tokens) / perSecond);
            _tokens -= amount;
            return TimeSpan.Zero;
        }
    }
}
