namespace Doppel.Core.Clock;

/// <summary>
/// The guest's time. Nothing else reads the host's clock for a guest, so that it can be stopped, moved and replayed.
/// </summary>
public interface IVmClock
{
    /// <summary>Guest nanoseconds since the machine was first switched on. Never goes back; stands still while the machine is paused.</summary>
    long Nanoseconds { get; }

    /// <summary>The guest's wall clock in nanoseconds since 1970-01-01 UTC, for real-time clock devices.</summary>
    long UnixNanoseconds { get; }

    /// <summary>Makes an alarm that is not set.</summary>
    /// <param name="due">Called when it is due, on the clock's thread, without any lock held. Must be quick.</param>
    IVmAlarm CreateAlarm(Action due);
}

/// <summary>One timer of a device or a processor. May be set from any thread.</summary>
public interface IVmAlarm : IDisposable
{
    /// <summary>Due at this guest time in nanoseconds; at once if it has passed. Replaces an earlier setting.</summary>
    void Set(long nanoseconds);

    /// <summary>Not due any more. A call that is already under way may still arrive.</summary>
    void Cancel();
}
