namespace Doppel.Core.Metrics;

/// <summary>One number about what has happened so far.</summary>
/// <param name="Name">What was counted: lower case, words joined by hyphens, groups before a dot.</param>
public readonly record struct Statistic(string Name, long Value);
