using System.Globalization;
using System.Text;

namespace Doppel.Bench.Net;

/// <summary>How fast the networks are and what they cost, side by side: medians.</summary>
internal sealed class NetTable
{
    /// <summary>QEMU with sockets of datagrams between guests.</summary>
    public const string Datagrams = "qemu dgram";

    private readonly Dictionary<(NetTest Test, string Contender), List<(Transfer Transfer, TimeSpan Cpu)>> _values = [];

    public void Add(NetTest test, string contender, Transfer transfer, TimeSpan cpu)
    {
        if (!_values.TryGetValue((test, contender), out List<(Transfer, TimeSpan)>? list)) _values[(test, contender)] = list = [];
        list.Add((transfer, cpu));
    }

    /// <summary>In Markdown.</summary>
    public string Render(IReadOnlyList<string> contenders)
    {
        if (_values.Keys.Any(k => k.Contender == Datagrams)) contenders = [.. contenders, Datagrams];
        var text = new StringBuilder("\niperf3; Mbit/s that have arrived, CPU seconds of the emulators per GB of them, guests included, and datagrams lost; medians.\n\n");
        string[] heads = [.. Each("Mbit/s"), .. Each("s/GB"), .. Each("lost")];
        text.Append(CultureInfo.InvariantCulture, $"| {"network",-21} | {string.Join(" | ", heads)} |\n|{new string('-', 23)}|{string.Concat(heads.Select(h => new string('-', h.Length + 1) + ":|"))}\n");
        foreach (NetTest test in NetTest.All)
        {
            string?[] cells =
            [
                .. contenders.Select(c => Median(test, c, Megabits)?.ToString("0", CultureInfo.InvariantCulture)),
                .. contenders.Select(c => Median(test, c, PerGigabyte)?.ToString("0.0", CultureInfo.InvariantCulture)),
                .. contenders.Select(c => test.IsUdp ? Median(test, c, v => v.Transfer.Lost)?.ToString("0%", CultureInfo.InvariantCulture) : ""),
            ];
            text.Append(CultureInfo.InvariantCulture, $"| {test.Name,-21} | {string.Join(" | ", cells.Select((cell, i) => (cell ?? "").PadLeft(heads[i].Length)))} |\n");
        }

        return text.ToString();

        IEnumerable<string> Each(string what) => contenders.Select(c => $"{c} {what}");
    }

    /// <summary>Where one contender is slower than another: never, says SPECIFICATION.md; or costs more with a user-mode network.</summary>
    public IEnumerable<string> Missed(string contender, string other)
    {
        foreach (NetTest test in NetTest.All)
        {
            if (Median(test, contender, Megabits) is not { } rate) continue;
            if (rate < Median(test, other, Megabits) || rate < Median(test, Datagrams, Megabits)) yield return $"{test.Name}: Mbit/s";
            if (test.Way != Way.GuestToGuest && Median(test, contender, PerGigabyte) > Median(test, other, PerGigabyte)) yield return $"{test.Name}: CPU";
        }
    }

    private static double Megabits((Transfer Transfer, TimeSpan Cpu) value) => value.Transfer.Megabits;

    private static double PerGigabyte((Transfer Transfer, TimeSpan Cpu) value) => value.Cpu.TotalSeconds / (value.Transfer.Bytes / 1e9);

    private double? Median(NetTest test, string contender, Func<(Transfer Transfer, TimeSpan Cpu), double> value) =>
        _values.TryGetValue((test, contender), out var list) ? list.Select(value).Order().ElementAt(list.Count / 2) : null;
}
