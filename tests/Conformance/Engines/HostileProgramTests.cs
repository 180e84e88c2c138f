using Doppel.Core.Vcpu;
using Doppel.Machine;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// <see cref="HostilePieces"/> under both engines, which must take the same traps and leave the same state.
/// <c>DOPPEL_SEED</c> moves all seeds; <c>DOPPEL_PROGRAMS</c> is the number of programs.
/// </summary>
public sealed class HostileProgramTests(ITestOutputHelper output)
{
    private const long Budget = 200_000;
    private static readonly int FirstSeed = int.TryParse(Environment.GetEnvironmentVariable("DOPPEL_SEED"), out int seed) ? seed : 1;
    private static readonly int Programs = int.TryParse(Environment.GetEnvironmentVariable("DOPPEL_PROGRAMS"), out int count) ? count : 30;

    [Fact]
    public void Hostile_programs_take_the_same_traps_and_leave_the_same_state()
    {
        int compared = 0, traps = 0;
        for (int seed = FirstSeed; seed < FirstSeed + Programs; seed++)
        {
            using var interpreter = new GuestSystem(EngineKind.Interpreter);
            HostilePieces.Prepare(interpreter, seed);
            if (interpreter.Hart.Run(Budget) != StopReason.Halted) continue; // it runs in circles
            EngineState expected = EngineState.Of(interpreter);
            using var translator = new GuestSystem(EngineKind.Translator);
            HostilePieces.Prepare(translator, seed);
            translator.Run();
            if (expected.FirstDifference(EngineState.Of(translator)) is { } difference) Assert.Fail($"seed {seed}: interpreter: {difference}\n{Context(expected, difference)}");
            compared++;
            traps += expected.Traps.Count;
        }

        output.WriteLine($"seeds {FirstSeed}–{FirstSeed + Programs - 1}: {compared} programs with {traps} traps agree");
        Assert.True(compared > Programs / 2);
    }

    private static string Context(EngineState expected, string difference)
    {
        string[] words = difference.Split(' ', ':');
        int at = words[0] == "trap" ? int.Parse(words[1]) : expected.Traps.Count;
        return string.Join('\n', expected.Traps.Skip(Math.Max(0, at - 6)).Take(7));
    }
}
