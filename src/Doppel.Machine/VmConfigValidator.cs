using Doppel.Core.Errors;

namespace Doppel.Machine;

/// <summary>Finds everything that is wrong with a configuration at once, each thing with its path and what to do about it.</summary>
public static class VmConfigValidator
{
    public const int MaxCpus = 8;
    public const ulong MinMemoryBytes = 32UL << 20;

    /// <summary>All problems; none if the machine can be built.</summary>
    public static IReadOnlyList<ConfigProblem> Validate(VmConfig config)
    {
        var problems = new List<ConfigProblem>();
        if (config.Cpus is < 1 or > MaxCpus) problems.Add(new("cpus", $"{config.Cpus} processors are not possible", $"use 1 to {MaxCpus}"));
        if (config.MemoryBytes < MinMemoryBytes) problems.Add(new("memory", $"{config.MemoryBytes} bytes are too little", "use at least 32M"));
        return problems;
    }

    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>, one line of message and of hint for each problem.</exception>
    public static void ThrowIfInvalid(VmConfig config) => Throw(Validate(config));

    internal static void Throw(IReadOnlyList<ConfigProblem> problems)
    {
        if (problems.Count == 0) return;
        throw new DoppelException(ErrorKind.Usage, string.Join('\n', problems), string.Join('\n', problems.Select(p => p.Hint).Distinct()));
    }
}
