using Doppel.CodeGen.X64;
using Doppel.Machine;
using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Programs;
using Doppel.Tests.Conformance.User;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Random user-level programs under the interpreter and under the translator, their blocks many times over: in machine mode; in U-mode, scattered over memory and through two
/// windows; with so few pages present that anything may fault; under interrupts; and with a code cache that is too small.
/// <c>DOPPEL_SEED</c> moves all seeds; <c>DOPPEL_PROGRAMS</c> is the number of programs of each test.
/// </summary>
public sealed class RandomProgramTests(ITestOutputHelper output) : IDisposable
{
    private const int Blocks = 400;
    private const int FewPages = 6;
    private const int SmallCache = 300_000;
    private const int Cold = 200;
    private static readonly int FirstSeed = Number("DOPPEL_SEED", 1);
    private static readonly int Programs = Number("DOPPEL_PROGRAMS", 24);
    private readonly DoppelHart _interpreter = new();

    [Fact]
    public void Programs_leave_the_same_state()
    {
        using var translator = new DoppelHart(EngineKind.Translator);
        Compare(Programs, new Comparison("the interpreter", _interpreter.Run, translator.Run, rounds: 180));
    }

    [Fact]
    public void Scattered_programs_leave_the_same_state_through_two_windows()
    {
        using var translator = new DoppelHart(EngineKind.Translator);
        Compare(Programs, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 5), p => translator.RunPaged(p, 5), rounds: 30, aliases: true));
    }

    [Fact]
    public void Programs_fault_at_the_same_places()
    {
        using var translator = new DoppelHart(EngineKind.Translator);
        Compare(Programs / 2, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 6, FewPages), p => translator.RunPaged(p, 6, FewPages), rounds: 6, aliases: true));
        Assert.Equal(_interpreter.Recorder.Traps, translator.Recorder.Traps);
        output.WriteLine($"{_interpreter.Recorder.Traps.Count} traps");
    }

    [Fact]
    public void Interrupted_programs_leave_the_same_state()
    {
        using var translator = new DoppelHart(EngineKind.Translator);
        Compare(Programs / 2, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 7), p => translator.RunPaged(p, 7, interrupts: true), rounds: 60));
        output.WriteLine($"{translator.Recorder.Traps.Count} traps");
    }

    [Fact]
    public void Programs_leave_the_same_state_when_the_code_cache_is_too_small()
    {
        using var translator = new DoppelHart(EngineKind.Translator, SmallCache);
        Compare(Programs / 2, new Comparison("the interpreter", _interpreter.Run, translator.Run, rounds: 4));
        Assert.True(translator.Evictions > Programs / 2);
    }

    [Fact]
    public void Programs_leave_the_same_state_when_some_of_their_code_is_not_worth_translating()
    {
        using var translator = new DoppelHart(EngineKind.Translator, cold: Cold);
        Compare(Programs / 3, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 9), p => translator.RunPaged(p, 9, interrupts: true), rounds: 20, aliases: true));
        Assert.InRange(translator.Interpreted, 10_000, long.MaxValue);
        output.WriteLine($"{translator.Interpreted} instructions were interpreted");
    }

    [Fact]
    public void Faulting_programs_leave_the_same_state_when_some_of_their_code_is_not_worth_translating()
    {
        using var translator = new DoppelHart(EngineKind.Translator, cold: Cold);
        Compare(Programs / 3, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 10, FewPages), p => translator.RunPaged(p, 10, FewPages), rounds: 3, aliases: true));
        Assert.Equal(_interpreter.Recorder.Traps, translator.Recorder.Traps);
        output.WriteLine($"{translator.Interpreted} instructions were interpreted");
    }

    [Fact]
    public void Programs_in_pieces_leave_the_same_state_after_as_many_instructions()
    {
        var random = new Random(FirstSeed);
        using var translator = new DoppelHart(EngineKind.Translator, counts: true) { Pieces = () => random.Next(16) == 0 ? random.NextInt64(1, 100_000) : random.NextInt64(1, 40) };
        Compare(Programs / 3, new Comparison("the interpreter", _interpreter.Run, translator.Run, rounds: 6));
        Assert.Equal(_interpreter.Instructions, translator.Instructions);
    }

    [Fact]
    public void Faulting_programs_in_pieces_leave_the_same_state_after_as_many_instructions()
    {
        var random = new Random(FirstSeed);
        using var translator = new DoppelHart(EngineKind.Translator, counts: true) { Pieces = () => random.NextInt64(1, 500) };
        Compare(Programs / 4, new Comparison("the interpreter", p => _interpreter.RunPaged(p, 8, FewPages), p => translator.RunPaged(p, 8, FewPages), rounds: 3, aliases: true));
        Assert.Equal(_interpreter.Recorder.Traps, translator.Recorder.Traps);
        Assert.Equal(_interpreter.Instructions, translator.Instructions);
    }

    [Theory]
    [InlineData((X64Features)0)]
    [InlineData(X64Features.Sse41 | X64Features.Popcnt | X64Features.Avx)]
    [InlineData(X64Features.Avx | X64Features.Avx2 | X64Features.Fma | X64Features.Bmi1 | X64Features.Bmi2)]
    public void Programs_leave_the_same_state_on_a_lesser_host(X64Features features)
    {
        using var translator = new DoppelHart(EngineKind.Translator, features: features);
        Compare(Programs / 3, new Comparison("the interpreter", _interpreter.Run, translator.Run, rounds: 20));
    }

    public void Dispose() => _interpreter.Dispose();

    private void Compare(int programs, Comparison comparison)
    {
        Extension[] extensions = [.. InstructionTable.Rows.Where(UserProgramTests.HasBlocks).Select(r => r.Extension).Distinct()];
        ulong before = _interpreter.Instructions;
        for (int seed = FirstSeed; seed < FirstSeed + programs; seed++)
        {
            Extension favoured = extensions[seed % extensions.Length];
            var choice = new InstructionChoice([.. InstructionTable.Rows.Where(UserProgramTests.HasBlocks)], r => r.Extension == favoured, _ => false);
            var program = new RandomProgram(seed, Blocks, choice);
            if (comparison.Difference(program, out int block) is { } difference) Assert.Fail(comparison.Report(program, difference, block));
        }

        output.WriteLine($"seeds {FirstSeed}–{FirstSeed + programs - 1}: {_interpreter.Instructions - before:n0} instructions agree");
    }

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), out int value) ? value : otherwise;
}
