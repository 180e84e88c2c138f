using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Doppel.Images.Store;

namespace Doppel.Bench;

/// <summary>All measurements, and their medians as a table.</summary>
internal sealed class ResultTable(IReadOnlyList<Contender> contenders)
{
    private readonly Dictionary<(Figure Figure, Contender Contender), List<double>> _values = [];

    public void Add(Figure figure, Contender contender, double value)
    {
        if (!_values.TryGetValue((figure, contender), out List<double>? values)) _values[(figure, contender)] = values = [];
        values.Add(value);
    }

    public string Render(GuestImage guest, int rounds)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"| median of {rounds} | {string.Join(" | ", contenders.Select(c => c.Name))} | ratio | |\n|---|---:|---:|---:|---|\n");
        foreach (Figure figure in Workloads.All)
        {
            double[] medians = [.. contenders.Select(c => Median(_values[(figure, c)]))];
            string verdict = figure.MoreIsBetter ? "more is better" : "less is better";
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {string.Join(" | ", medians.Select(Number))} | {Number(medians[0] / medians[1])} | {verdict} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nGuest: {guest.Name}, Linux {guest.Version}, 1 processor, 512 MiB. ");
        text.Append(CultureInfo.InvariantCulture, $"Host: {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, load {Load()}; {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC.\n");
        foreach (Contender contender in contenders) text.Append(CultureInfo.InvariantCulture, $"{contender.Name}: {contender.Version}\n");
        return text.ToString();
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown";
}
