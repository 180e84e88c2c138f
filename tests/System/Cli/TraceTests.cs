using System.Diagnostics;
using Doppel.Engines.Translator;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.System.Cli;

/// <summary><c>--trace</c>, <c>--perf-map</c> and <c>tools/trace-diff.cs</c>, with a program that ends by itself. Boots nothing.</summary>
public sealed class TraceTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("doppel-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Trace_shows_code_that_is_made_and_entered_and_the_difference_of_two_is_found()
    {
        Assert.SkipUnless(CodeTranslator.IsSupported, "this host cannot run generated code");
        string one = await TraceAsync("tb", rounds: 20), same = await TraceAsync("tb", rounds: 20), other = await TraceAsync("tb", rounds: 21);
        string[] lines = await File.ReadAllLinesAsync(one);
        Assert.StartsWith("tb: made 0x80000000+0x000 M", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("tb: vcpu 0: 0x80000000+0x000 M", lines[1], StringComparison.Ordinal);
        Assert.Equal(20, lines.Count(l => l.StartsWith("tb: vcpu 0: 0x80001000+0x000 ", StringComparison.Ordinal)));

        Assert.Equal((0, $"no difference in {lines.Length} lines\n"), await DifferenceAsync(one, same));
        (int code, string text) = await DifferenceAsync(one, other);
        Assert.Equal(1, code);
        Assert.Matches(@"^first difference in line \d+:\n(  tb: .*\n)*< .*\n> .*\n$", text);
    }

    [Fact]
    public async Task Engines_leave_the_same_trace_of_traps_and_accesses()
    {
        string interpreter = await TraceAsync("irq,mmio", rounds: 20, "--engine", "interpreter"), auto = await TraceAsync("irq,mmio", rounds: 20);
        Assert.Contains(await File.ReadAllLinesAsync(auto), l => l.StartsWith("irq: hart 0: exception 11 at 0x8000", StringComparison.Ordinal));
        (int code, string text) = await DifferenceAsync(interpreter, auto);
        Assert.True(code == 0, text);
    }

    [Fact]
    public async Task Map_for_the_profiler_names_guest_code()
    {
        Assert.SkipUnless(CodeTranslator.IsSupported, "this host cannot run generated code");
        using var process = new DoppelProcess(["run", "--bios", Program(20), "--perf-map"]);
        int id = process.Id;
        process.Input.Close();
        DoppelResult result = await process.WaitAsync(Limit);
        string map = $"/tmp/perf-{id}.map";
        string[] lines = await File.ReadAllLinesAsync(map);
        File.Delete(map);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.All(lines, l => Assert.Matches("^[0-9a-f]+ [0-9a-f]+ guest:0x[0-9a-f]+$", l));
        Assert.Contains(lines, l => l.EndsWith(" guest:0x80001000", StringComparison.Ordinal));
    }

    private async Task<string> TraceAsync(string categories, int rounds, params string[] flags)
    {
        string file = Path.Combine(_folder.FullName, $"{Guid.NewGuid():n}.trace");
        DoppelResult result = await DoppelProcess.RunAsync(Limit, [], ["run", "--bios", Program(rounds), "--trace", $"{categories}:{file}", .. flags]);
        Assert.Equal((0, ""), (result.Code, result.Error));
        return file;
    }

    /// <summary>Calls a function in another page, which makes a call to a handler, some times; then switches the machine off.</summary>
    private string Program(int rounds)
    {
        string file = Path.Combine(_folder.FullName, $"{rounds}.bin");
        File.WriteAllBytes(file, Assembler.Assemble($"""
            la t0, handler; csrw mtvec, t0
            li s0, {rounds}
            round: la t0, function; jalr t0
            addi s0, s0, -1; bnez s0, round
            li t0, 0x100000; li t1, 0x5555; sw t1, 0(t0)
            end: j end
            .align 4
            handler: csrr t0, mepc; addi t0, t0, 4; csrw mepc, t0; mret
            .align 4096
            function: ecall; ret
            """.Replace("\r", ""), 0x8000_0000));
        return file;
    }

    private static async Task<(int Code, string Text)> DifferenceAsync(string a, string b)
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Doppel.slnx"))) root = Path.GetDirectoryName(root)!;
        var start = new ProcessStartInfo("dotnet", ["run", Path.Combine(root, "tools", "trace-diff.cs"), "--", a, b]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        using var late = new CancellationTokenSource(Limit);
        string text = await process.StandardOutput.ReadToEndAsync(late.Token);
        await process.WaitForExitAsync(late.Token);
        return (process.ExitCode, text);
    }
}
