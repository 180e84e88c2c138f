using Doppel.Core.Metrics;

namespace Doppel.Core.Clock;

/// <summary>The guest's time as its machine handles it: stopped with the machine, and set when a machine is restored.</summary>
public interface IMachineClock : IVmClock, IDisposable
{
    /// <summary>Alarms whose receiver threw; each is an error of ours.</summary>
    Counter AlarmFaults { get; }

    /// <summary>Lets time run on from where it stands.</summary>
    void Resume();

    /// <summary>Stops time. No alarm comes after it has returned, unless an alarm has called it.</summary>
    void Pause();

    /// <summary>Sets the time while it stands still, for a restored machine.</summary>
    void SetTo(long nanoseconds);
}
