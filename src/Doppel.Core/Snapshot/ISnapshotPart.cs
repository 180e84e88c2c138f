namespace Doppel.Core.Snapshot;

/// <summary>
/// A part of the machine whose state can be saved and loaded. Snapshots, migration, forks and time travel all use this.
/// </summary>
public interface ISnapshotPart
{
    /// <summary>Stable and unique in its machine, such as <c>cpu0</c> or <c>uart@10000000</c>.</summary>
    string SnapshotName { get; }

    /// <summary>Writes the whole state. The machine is quiescent.</summary>
    /// <remarks>
    /// It stands still meanwhile. Queries (LINQ) over numbers and structs do not belong here: the runtime compiles them when they are first used (decision 0027).
    /// </remarks>
    void Save(SnapshotWriter writer);

    /// <summary>
    /// Replaces the whole state by what was saved. Unknown fields are skipped, missing ones take their reset value; the input is hostile:
    /// every value is validated before it is used.
    /// </summary>
    /// <exception cref="SnapshotException">A value is impossible. The part is left in some valid state.</exception>
    void Load(SnapshotReader reader);
}
