using System.Globalization;
using Doppel.Core.Metrics;
using Doppel.Core.Trace;
using Doppel.Engines.Translator;
using Doppel.Engines.Translator.Observation;
using Doppel.Tests.Unit.House;

namespace Doppel.Tests.Unit.Engines.Translator;

/// <summary>What those are told who want to know about generated code.</summary>
public sealed class ObservationTests
{
    /// <summary>Calls a function of another page three times.</summary>
    private const string Program = "li a0, 3; top: la t0, function; jalr t0; addi a0, a0, -1; bnez a0, top; wfi; .align 4096; function: addi a1, a1, 1; ret";
    private const ulong Page = 0x8000_0000;

    public ObservationTests() => Assert.SkipUnless(CodeTranslator.IsSupported, "This host cannot run generated code.");

    [Fact]
    public void Every_region_is_shown_once_and_every_entry_each_time()
    {
        var trace = new Lines();
        using TranslatorBench bench = new(Program, new TranslatorOptions { Observers = [new TranslationTrace(trace)] });
        bench.Run();
        Assert.Equal(3, trace.Written.Count(l => l.StartsWith($"vcpu 0: 0x{Page + 0x1000:x}+0x000 M", StringComparison.Ordinal)));
        string[] made = [.. trace.Written.Where(l => l.StartsWith("made ", StringComparison.Ordinal))];
        Assert.Equal(made.Length, made.Distinct().Count());
        Assert.Equal(bench.Translator.Counters.Regions, made.Length);
        Assert.Matches(@"^made 0x80001000\+0x000 M\S*: 2 instructions, 8 guest bytes, \d+ host bytes$", made.Single(l => l.Contains("0x80001000", StringComparison.Ordinal)));

        // Whatever is entered has been made.
        foreach (string line in trace.Written.Where(l => l.StartsWith("vcpu", StringComparison.Ordinal)))
        {
            string place = line["vcpu 0: ".Length..line.IndexOf(" at ", StringComparison.Ordinal)];
            Assert.Contains(made, m => m.StartsWith($"made {place}:", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Two_runs_leave_the_same_trace()
    {
        var traces = new Lines[] { new(), new() };
        foreach (Lines trace in traces)
        {
            using TranslatorBench bench = new(Program, new TranslatorOptions { Observers = [new TranslationTrace(trace)] });
            bench.Run();
        }

        Assert.Equal(traces[0].Written, traces[1].Written);
    }

    [Fact]
    public void Map_for_the_profiler_names_all_code_by_its_guest_address()
    {
        string[] before = File.Exists(PerfMap.Path) ? File.ReadAllLines(PerfMap.Path) : [];
        long bytes;
        using (PerfMap map = PerfMap.Open())
        {
            using TranslatorBench bench = new(Program, new TranslatorOptions { Observers = [map] });
            bench.Run();
            bytes = bench.Translator.Counters.Bytes;
        }

        string[] lines = [.. File.ReadAllLines(PerfMap.Path).Skip(before.Length)];
        if (before.Length == 0) File.Delete(PerfMap.Path);
        Assert.Contains(lines, l => l.EndsWith(" guest:0x80001000", StringComparison.Ordinal));
        (ulong Start, ulong Length)[] places = [.. lines.Select(l => l.Split(' ')).Select(f => (Hex(f[0]), Hex(f[1])))];
        Assert.Equal(bytes, (long)places.Sum(p => (decimal)p.Length));
        foreach ((ulong start, ulong length) in places) Assert.DoesNotContain(places, p => p.Start > start && p.Start < start + length);

        static ulong Hex(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Every_counter_is_described()
    {
        using TranslatorBench bench = new(Program);
        bench.Run();
        string page = Repository.Read("docs/tracing.md");
        foreach (Statistic statistic in bench.Translator.Statistics)
        {
            string[] parts = statistic.Name.Split('.');
            string name = parts.Length > 2 ? $"{parts[0]}.{parts[1]}.KIND" : statistic.Name;
            Assert.Contains($"`{name}`", page, StringComparison.Ordinal);
        }

        Assert.Equal(bench.Translator.Counters.Regions, bench.Translator.Statistics.Single(s => s.Name == "translator.regions").Value);
        Assert.Equal(1, bench.Translator.Statistics.Single(s => s.Name == "translator.exits.steplast").Value); // wfi
    }

    private sealed class Lines : ITrace
    {
        public List<string> Written { get; } = [];

        public bool Enabled(TraceCategory category) => true;

        public void Write(TraceCategory category, string text)
        {
            Assert.Equal(TraceCategory.Tb, category);
            Written.Add(text);
        }

        public void Warn(string text)
        {
        }
    }
}
