namespace Doppel.Core.Snapshot;

/// <summary>A saved state is damaged or does not fit this machine.</summary>
public sealed class SnapshotException(string message) : Exception(message);
