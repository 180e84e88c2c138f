using System.Globalization;
using System.Text;

namespace Doppel.Bench.States;

/// <summary>How long saving and restoring takes, side by side: medians in milliseconds.</summary>
internal sealed class StateTable
{
    public const string Forks = "forks at once", Stored = "snapshot", InPlace = "restore in place", Fork = "fork", File = "file of the running machine", StoredStart = "new process from a snapshot", FileStart = "new process from a file";

    // What each measures, in order, and what SPECIFICATION.md promises of it.
    private static readonly (string Name, (string What, double? Promise)[] Values)[] Rows =
    [
        (Stored, [("snapshot: the guest stands still", 10), ("snapshot: until it is stored", null)]),
        (InPlace, [("restore in place: until the guest goes on", 15)]),
        (Fork, [("fork: the guest stands still", 5), ("fork: until the child runs", null)]),
        (Forks, [("of 100 forks, do not answer a command", 0)]),
        (File, [("file of the running machine: the guest stands still", 10), ("file of the running machine: until it is written", null)]),
        (StoredStart, [("new process from a snapshot: until the guest goes on", null)]),
        (FileStart, [("new process from a file: until the guest goes on", null)]),
    ];

    private readonly Dictionary<(string Row, string Contender), List<double>> _values = [];

    private readonly List<string> _failures = [];

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<string> Failures => _failures;

    public void Fail(string what) => _failures.Add(what);

    public void Add(string operation, string contender, IReadOnlyList<double> measured)
    {
        (string What, double? Promise)[] values = Rows.First(r => r.Name == operation).Values;
        for (int i = 0; i < measured.Count; i++)
        {
            (string, string) key = (values[i].What, contender);
            if (!_values.TryGetValue(key, out List<double>? list)) _values[key] = list = [];
            list.Add(measured[i]);
        }
    }

    /// <summary>In Markdown; behind each median the longest.</summary>
    public string Render(IReadOnlyList<string> contenders, int memoryMegabytes)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\nA guest of {memoryMegabytes} MiB that writes a dot every millisecond; milliseconds if nothing else is said, medians and, in parentheses, the longest.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {"state",-53} | {string.Join(" | ", contenders.Select(c => c.PadLeft(18)))} | promised |\n");
        text.Append(CultureInfo.InvariantCulture, $"|{new string('-', 55)}|{string.Concat(contenders.Select(_ => "-------------------:|"))}---------:|\n");
        foreach ((string what, double? promise) in Rows.SelectMany(r => r.Values))
        {
            if (!contenders.Any(c => _values.ContainsKey((what, c)))) continue;
            IEnumerable<string> cells = contenders.Select(c => _values.TryGetValue((what, c), out List<double>? list) ? string.Create(CultureInfo.InvariantCulture, $"{Median(list):0.0} ({list.Max():0.0})") : "");
            text.Append(CultureInfo.InvariantCulture, $"| {what,-53} | {string.Join(" | ", cells.Select(c => c.PadLeft(18)))} | {promise,8} |\n");
        }

        return text.ToString();
    }

    /// <summary>Our values that are above what is promised.</summary>
    public IEnumerable<string> Missed(string contender)
    {
        foreach ((string what, double? promise) in Rows.SelectMany(r => r.Values))
        {
            if (_values.TryGetValue((what, contender), out List<double>? list) && Median(list) > promise) yield return string.Create(CultureInfo.InvariantCulture, $"{what}: {Median(list):0.0} of {promise}");
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
