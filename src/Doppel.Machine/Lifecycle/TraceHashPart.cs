using Doppel.Core.Snapshot;
using Doppel.Core.Trace;

namespace Doppel.Machine.Lifecycle;

/// <summary>A machine that is restored goes on with the hash of the one that was saved.</summary>
internal sealed class TraceHashPart(TraceHash hash) : ISnapshotPart
{
    public string SnapshotName => "trace-hash";

    public void Save(SnapshotWriter writer)
    {
        writer.Write("value", hash.Value);
        writer.Write("events", (ulong)hash.Events);
    }

    public void Load(SnapshotReader reader) => hash.Set(reader.GetUInt64("value", new TraceHash().Value), (long)reader.GetUInt64("events", 0, long.MaxValue));
}
