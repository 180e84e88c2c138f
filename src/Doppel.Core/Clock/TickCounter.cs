namespace Doppel.Core.Clock;

/// <summary>
/// A counter that runs with a machine's clock and that its guest can set: one for the machine, so that all who show it to the guest agree. All members may be used
/// by any thread.
/// </summary>
/// <param name="frequency">Ticks per second; a divisor of 10⁹.</param>
public sealed class TickCounter(IVmClock clock, uint frequency)
{
    private readonly long _nanosecondsPerTick = 1_000_000_000 / frequency;
    private ulong _offset;

    /// <summary>Raised, on the thread that did it, when the counter has jumped: comparisons must be made anew. Receivers must only note it.</summary>
    public event Action? Jumped;

    public IVmClock Clock => clock;

    /// <summary>The counter; modulo 2⁶⁴.</summary>
    public ulong Now => Ticks + Offset;

    /// <summary>By how much the counter is ahead of the clock's own ticks because it was set; modulo 2⁶⁴.</summary>
    public ulong Offset
    {
        get => Volatile.Read(ref _offset);
        set
        {
            Volatile.Write(ref _offset, value);
            Jumped?.Invoke();
        }
    }

    private ulong Ticks => (ulong)(clock.Nanoseconds / _nanosecondsPerTick);

    /// <summary>Makes the counter go on from a value.</summary>
    public void Set(ulong value) => Offset = value - Ticks;

    /// <summary>Whether the counter is not below a value, compared unsigned, and an alarm for the time at which that changes.</summary>
    /// <param name="alarm">Made by <see cref="Clock"/>; cancelled if nothing will change.</param>
    public bool Reached(ulong value, IVmAlarm alarm)
    {
        ulong ticks = Ticks;
        ulong now = ticks + Offset;
        bool reached = now >= value;

        // The next change is when the counter gets there, or when it wraps around to 0, which a guest can bring near by setting it.
        ulong left = reached ? 0 - now : value - now;
        bool never = reached && value == 0;

        // Beyond the clock's range of 292 years nothing will happen.
        if (never || left > (ulong)(long.MaxValue / _nanosecondsPerTick) - ticks) alarm.Cancel();
        else alarm.Set((long)(ticks + left) * _nanosecondsPerTick);
        return reached;
    }
}
