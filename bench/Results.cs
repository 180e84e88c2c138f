namespace Doppel.Bench;

/// <summary>All measurements and failures.</summary>
internal sealed class Results
{
    private readonly Dictionary<(BenchProgram Program, string Contender), List<Measurement>> _values = [];
    private readonly HashSet<(BenchProgram Program, string Contender)> _failed = [];
    private readonly List<string> _failures = [];

    /// <summary>What went wrong, a line or a few each.</summary>
    public IReadOnlyList<string> Failures => _failures;

    public void Add(BenchProgram program, Contender contender, Measurement value)
    {
        if (!_values.TryGetValue((program, contender.Name), out List<Measurement>? list)) _values[(program, contender.Name)] = list = [];
        list.Add(value);
    }

    /// <param name="program">Null if it is none in particular.</param>
    public void Fail(BenchProgram? program, Contender contender, string what)
    {
        if (program is not null) _failed.Add((program, contender.Name));
        string line = program is null ? $"{contender.Name}: {what}" : $"{program.Class}, {program.Name}: {contender.Name}: {what}";
        if (!_failures.Contains(line)) _failures.Add(line);
    }

    /// <summary>Whether a program has failed at least once.</summary>
    public bool Failed(BenchProgram program, string contender) => _failed.Contains((program, contender));

    public TimeSpan? Cpu(BenchProgram program, string contender) => Median(program, contender, m => m.Cpu);

    public TimeSpan? Wall(BenchProgram program, string contender) => Median(program, contender, m => m.Wall);

    /// <summary>Programs that did not compute the same everywhere: each with its checksums by contender.</summary>
    public IEnumerable<string> Disagreements()
    {
        foreach (var program in _values.GroupBy(v => v.Key.Program))
        {
            var sums = program.SelectMany(v => v.Value.Select(m => (v.Key.Contender, m.Checksum))).Distinct().ToList();
            if (sums.Select(s => s.Checksum).Distinct().Count() > 1) yield return $"{program.Key.Name}: checksums differ: {string.Join(", ", sums.Select(s => $"{s.Contender} {s.Checksum}"))}";
        }
    }

    /// <summary>The geometric mean of what there is; null of nothing.</summary>
    public static double? GeometricMean(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length == 0 ? null : Math.Exp(known.Average(Math.Log));
    }

    private TimeSpan? Median(BenchProgram program, string contender, Func<Measurement, TimeSpan> value)
    {
        if (!_values.TryGetValue((program, contender), out List<Measurement>? list)) return null;
        TimeSpan[] sorted = [.. list.Select(value).Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
