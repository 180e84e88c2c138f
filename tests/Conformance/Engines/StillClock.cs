using Doppel.Core.Clock;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Guest time that stands still: runs repeat.</summary>
internal sealed class StillClock : IVmClock
{
    public long Nanoseconds => 0;

    public long UnixNanoseconds => 0;

    public IVmAlarm CreateAlarm(Action due) => new NoAlarm();

    private sealed class NoAlarm : IVmAlarm
    {
        public void Set(long nanoseconds)
        {
        }

        public void Cancel()
        {
        }

        public void Dispose()
        {
        }
    }
}
