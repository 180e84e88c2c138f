namespace Doppel.Machine.Snapshots;

/// <summary>Something that differs between two snapshots.</summary>
/// <param name="What">A region of RAM, <c>disk N</c> by the order in the configuration, or a part of the machine.</param>
/// <param name="Unit">What is counted: <c>page</c> (4 KiB), <c>cluster</c> (64 KiB) or <c>field</c>.</param>
/// <param name="Changed">How many differ.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Fields">Of a part: the tags that differ.</param>
public sealed record SnapshotChange(string What, string Unit, long Changed, long Total, IReadOnlyList<string> Fields);
