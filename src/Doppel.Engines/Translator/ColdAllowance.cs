namespace Doppel.Engines.Translator;

/// <summary>
/// How many instructions of code that is not translated one vCPU may still execute one by one, before what it executes is worth translating (decision 0026). There are so many for each second of the host's
/// time, and never more than for two. Once there are none left, there are none until half of that has come together: a guest that is at work has its code translated.
/// </summary>
/// <param name="perSecond">0 for none at all.</param>
/// <param name="clock">The host's time.</param>
internal sealed class ColdAllowance(int perSecond, TimeProvider clock)
{
    private const int Seconds = 2;

    private long _left = (long)perSecond * Seconds;
    private long _since = clock.GetTimestamp();

    /// <summary>Whether there are any. Costs a look at the clock if not.</summary>
    public bool IsLeft => _left > 0 || (perSecond > 0 && Renew());

    /// <summary>So many were executed.</summary>
    public void Spend(ulong instructions) => _left -= (long)instructions;

    private bool Renew()
    {
        long now = clock.GetTimestamp();
        double seconds = Math.Min(clock.GetElapsedTime(_since, now).TotalSeconds, Seconds);
        if (seconds < Seconds / 2.0) return false;
        _left = (long)(perSecond * seconds);
        _since = now;
        return true;
    }
}
