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
        EngineState found = Run(EngineKind.Translator, program, prepare, codeBytes);
        if (expected.FirstDifference(found) is { } difference) Assert.Fail($"interpreter: {difference}\n{program}");
        return expected;
    }

    public static EngineState Run(EngineKind engine, string program, Action<GuestSystem, ProgramBuilder>? prepare = null, int codeBytes = 0)
    {
        using var system = new GuestSystem(engine, codeBytes: codeBytes);
        ProgramBuilder labels = system.Load(program);
        prepare?.Invoke(system, labels);
        system.Run();
        return EngineState.Of(system);
    }
}
