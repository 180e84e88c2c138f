using System.Globalization;
using System.Text;

namespace Doppel.Bench;

/// <summary>The table: programs by class, medians, and how much faster our engines are.</summary>
internal sealed class ResultTable(Results results, IReadOnlyList<BenchProgram> programs, IReadOnlyList<Contender> contenders)
{
    private const string Qemu = "qemu", Native = "native";
    private readonly IReadOnlyList<string> _engines = [.. contenders.Where(c => c.IsDoppel).Select(c => c.Name)];

    /// <summary>In Markdown, with columns that line up.</summary>
    public string Render()
    {
        List<string[]> rows = [Headings()];
        foreach (IGrouping<string, BenchProgram> group in programs.GroupBy(p => p.Class))
        {
            rows.AddRange(group.Select(p => Row(p.Name, Times(p), [p], Catalog.Promise(p))));
            rows.Add(Row($"**{group.Key}**", Enumerable.Repeat("", contenders.Count * 2), [.. group], Catalog.Promise(group.Key)));
        }

        BenchProgram[] kernels = [.. programs.Where(p => Catalog.KernelClasses.Contains(p.Class))];
        if (kernels.Select(k => k.Class).Distinct().Count() > 1) rows.Add(Row("**all of " + string.Join(", ", kernels.Select(k => k.Class).Distinct()) + "**", Enumerable.Repeat("", contenders.Count * 2), kernels, Catalog.Promise("all")));
        return Aligned(rows);
    }

    /// <summary>Classes and programs for which our best engine's ratio is below what is promised.</summary>
    public IEnumerable<string> Missed()
    {
        string? best = _engines.Count == 0 ? null : _engines[^1];
        if (best is null) yield break;
        IEnumerable<(string Name, BenchProgram[] Programs, double? Promise)> lines =
        [
            .. programs.GroupBy(p => p.Class).Select(g => (g.Key, g.ToArray(), Catalog.Promise(g.Key))),
            .. programs.Select(p => (p.Name, new[] { p }, Catalog.Promise(p))),
        ];
        foreach ((string name, BenchProgram[] of, double? promise) in lines)
        {
            double? ratio = Results.GeometricMean(of.Select(p => Ratio(p, Qemu, best, p.Class == Catalog.Disk ? results.Wall : results.Cpu)));
            if (ratio < promise) yield return string.Create(CultureInfo.InvariantCulture, $"{name} {ratio:0.00} of {promise:0.0#}");
        }
    }

    private string[] Headings() =>
    [
        "program", .. contenders.Select(c => c.Name + " CPU s"), .. contenders.Select(c => c.Name + " wall s"),
        .. _engines.SelectMany(e => new[] { $"{Qemu} / {e} CPU", $"{Qemu} / {e} wall", $"{e} / {Native} CPU" }), "promised",
    ];

    private IEnumerable<string> Times(BenchProgram program) =>
        contenders.Select(c => results.Failed(program, c.Name) ? "failed" : Number(results.Cpu(program, c.Name)?.TotalSeconds)).Concat(contenders.Select(c => Number(results.Wall(program, c.Name)?.TotalSeconds)));

    private string[] Row(string name, IEnumerable<string> times, IReadOnlyList<BenchProgram> of, double? promise) =>
    [
        name, .. times,
        .. _engines.SelectMany(e => new[]
        {
            Number(Results.GeometricMean(of.Select(p => Ratio(p, Qemu, e, results.Cpu)))),
            Number(Results.GeometricMean(of.Select(p => Ratio(p, Qemu, e, results.Wall)))),
            Number(Results.GeometricMean(of.Select(p => Ratio(p, e, Native, results.Cpu)))),
        }),
        promise is { } value ? value.ToString("0.0#", CultureInfo.InvariantCulture) : "",
    ];

    private static double? Ratio(BenchProgram program, string one, string other, Func<BenchProgram, string, TimeSpan?> time) =>
        time(program, one) is { } a && time(program, other) is { } b && a > TimeSpan.Zero && b > TimeSpan.Zero ? a / b : null;

    private static string Number(double? value) => value is not { } number ? "" : number.ToString(number >= 100 ? "0" : number >= 10 ? "0.0" : number >= 0.1 ? "0.00" : "0.000", CultureInfo.InvariantCulture);

    private static string Aligned(List<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => Math.Max(4, rows.Max(r => r[column].Length)))];
        var text = new StringBuilder();
        for (int i = 0; i < rows.Count; i++)
        {
            text.Append("| ").AppendJoin(" | ", rows[i].Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]))).Append(" |\n");
            if (i == 0) text.Append('|').AppendJoin('|', widths.Select((width, column) => column == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":")).Append("|\n");
        }

        return text.ToString();
    }
}
