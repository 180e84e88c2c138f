using Doppel.Machine;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Runs a program under the interpreter and under the translator and compares everything that it leaves behind.</summary>
internal static class NoDiff
{
    /// <param name="program">Assembly language, loaded at <see cref="GuestSystem.Base"/> and started there in machine mode; ends with <c>wfi</c>.</param>
    /// <param name="prepare">What else the program needs; gets the labels.</param>
    /// <param name="codeBytes">Room for generated code; 0 for the translator's own choice.</param>
    /// <returns>What the interpreter left.</returns>
    public static EngineState Check(string program, Action<GuestSystem, ProgramBuilder>? prepare = null, int codeBytes = 0)
    {
        EngineState expected = Run(EngineKind.Interpreter, program, prepare, codeBytes);
        Compare(expected, Run(EngineKind.Translator, program, prepare, codeBytes), program);

        // Generated code takes some traps by itself if nobody wants to be told of them.
        Compare(expected with { Traps = [] }, Run(EngineKind.Translator, program, prepare, codeBytes, tracesTraps: false), program);
        return expected;
    }

    public static EngineState Run(EngineKind engine, string program, Action<GuestSystem, ProgramBuilder>? prepare = null, int codeBytes = 0, bool tracesTraps = true)
    {
        using var system = new GuestSystem(engine, codeBytes: codeBytes, tracesTraps: tracesTraps);
        ProgramBuilder labels = system.Load(program);
        prepare?.Invoke(system, labels);
        system.Run();
        return EngineState.Of(system);
    }

    private static void Compare(EngineState expected, EngineState found, string program)
    {
        if (expected.FirstDifference(found) is { } difference) Assert.Fail($"interpreter: {difference}\n{program}");
    }
}
