namespace Doppel.Bench;

/// <summary>What keeps us from measuring, said to the user.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>This build or this host does not have an engine: it is left out.</summary>
internal sealed class EngineMissingException(string message) : Exception(message);
