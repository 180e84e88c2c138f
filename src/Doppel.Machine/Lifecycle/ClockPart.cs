using Doppel.Core.Clock;
using Doppel.Core.Snapshot;

namespace Doppel.Machine.Lifecycle;

/// <summary>The guest's time as a part of the machine's state. It can be loaded only while time stands still, as it does then.</summary>
internal sealed class ClockPart(IMachineClock clock) : ISnapshotPart
{
    public string SnapshotName => "clock";

    public void Save(SnapshotWriter writer) => writer.Write("nanoseconds", clock.Nanoseconds);

    public void Load(SnapshotReader reader) => clock.SetTo((long)reader.GetUInt64("nanoseconds", 0, long.MaxValue / 2));
}
