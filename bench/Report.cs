using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Doppel.Bench.Net;
using Doppel.Bench.States;

namespace Doppel.Bench;

/// <summary>What is printed and written to the file: the table, what is wrong, and under which circumstances all this was measured.</summary>
internal static class Report
{
    public static string Render(Results results, ResultTable table, IReadOnlyList<BenchProgram> programs, IReadOnlyList<Contender> contenders, NetTable? networks, StateTable? states, BenchGuest guest, BenchOptions options, string loadBefore)
    {
        var text = new StringBuilder();
        string[] engines = [.. NetRun.Among(contenders).Select(c => c.Name)];
        if (programs.Count > 0) text.Append(CultureInfo.InvariantCulture, $"Medians of {options.Rounds}, one processor unless the name says two, scale {options.Scale}. Ratios above 1: Doppel is that many times faster; those of classes are geometric means.\n\n{table.Render()}");
        if (networks is not null) text.Append(networks.Render(engines));
        if (states is not null) text.Append(states.Render(StateRun.Names(options), guest.MemoryMegabytes));
        text.Append('\n');
        foreach (Contender contender in contenders) Instructions(text, results, programs, contender, options.Scale);
        foreach (Contender contender in contenders) Processors(text, results, programs, contender);
        string[] wrong = [.. results.Failures, .. states?.Failures ?? [], .. results.Disagreements()];
        if (wrong.Length > 0) text.Append("\nWrong:\n").AppendJoin("", wrong.Select(w => $"- {w.ReplaceLineEndings("\n  ")}\n"));
        string[] missed = [.. table.Missed(), .. engines.Where(e => e != "qemu").SelectMany(e => networks?.Missed(e, "qemu") ?? []), .. new[] { "doppel", "library" }.SelectMany(c => states?.Missed(c) ?? [])];
        if (missed.Length > 0) text.Append(CultureInfo.InvariantCulture, $"\nBelow what is promised (CPU; of disks, wall): {string.Join("; ", missed)}\n");

        text.Append(CultureInfo.InvariantCulture, $"\nGuest: Linux {guest.Image.Version} of Debian. Programs: {Toolchain.Versions()}\n");
        foreach (Contender contender in contenders) text.Append(CultureInfo.InvariantCulture, $"{contender.Name}: {contender.Version}\n");
        text.Append(CultureInfo.InvariantCulture, $"Host: {Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}; load {loadBefore} before, {Load()} after; {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC\n");
        return text.ToString();
    }

    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown";

    /// <summary>How many instructions a second an engine runs, from the program whose instructions are counted.</summary>
    private static void Instructions(StringBuilder text, Results results, IReadOnlyList<BenchProgram> programs, Contender contender, double scale)
    {
        if (contender is NativeContender || programs.FirstOrDefault(p => p.Name == Catalog.InstructionLoop) is not { } loop || results.Wall(loop, contender.Name) is not { } time) return;
        text.Append(CultureInfo.InvariantCulture, $"{contender.Name}: {loop.Count * scale * Catalog.InstructionsPerRound / time.TotalSeconds / 1e6:0} million instructions per second in '{loop.Name}'.\n");
    }

    /// <summary>What a second processor brings to two threads, and what it costs a boot.</summary>
    private static void Processors(StringBuilder text, Results results, IReadOnlyList<BenchProgram> programs, Contender contender)
    {
        if (contender is NativeContender) return;
        if (Twice(Catalog.Pair, results.Wall) is { } wall) text.Append(CultureInfo.InvariantCulture, $"{contender.Name}: two processors run '{Catalog.Pair}' {1 / wall:0.00} times as fast as one.\n");
        if (Twice(Catalog.Debian, results.Cpu) is { } cpu) text.Append(CultureInfo.InvariantCulture, $"{contender.Name}: with two processors the boot of '{Catalog.Debian}' costs {cpu:0.00} times the CPU time of one.\n");

        double? Twice(string name, Func<BenchProgram, string, TimeSpan?> time) =>
            programs.FirstOrDefault(p => p.Name == name) is { } one && programs.FirstOrDefault(p => p.Name == name + BenchProgram.Twice) is { } two
            && time(one, contender.Name) is { } before && time(two, contender.Name) is { } after ? after / before : null;
    }

    private static string Processor()
    {
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
