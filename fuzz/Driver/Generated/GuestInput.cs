using Doppel.CodeGen.X64;
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.Tests.Conformance.Engines;

namespace Doppel.Fuzz.Generated;

/// <summary>Hostile guest programs, near the edges of RAM too, under the interpreter and the translator. RAM, state and tables lie between guards.</summary>
internal static class GuestInput
{
    private const long Budget = 200_000;

    /// <summary>What is wrong with the program that a number makes, or null.</summary>
    public static string? Try(int number)
    {
        using var interpreter = new GuestSystem(EngineKind.Interpreter);
        HostilePieces.Prepare(interpreter, number, edges: true);
        if (interpreter.Hart.Run(Budget) != StopReason.Halted) return null; // it runs in circles
        EngineState expected = EngineState.Of(interpreter);
        using var translator = new GuestSystem(EngineKind.Translator, features: number % 2 == 0 ? null : X64Features.None);
        HostilePieces.Prepare(translator, number, edges: true);
        translator.Run();
        if (expected.FirstDifference(EngineState.Of(translator)) is { } difference) return RunsOldCode(number, expected) ? null : $"interpreter: {difference}";
        return translator.Hart.Processor.State.IsIntact ? null : "something was written before the hart's state";
    }

    /// <summary>
    /// Whether the program executes instructions that it has changed without a <c>fence.i</c>: the old or the new ones, as each engine likes (Unprivileged ISA, "Zifencei"). With a fence before every
    /// instruction it does something else then.
    /// </summary>
    private static bool RunsOldCode(int number, EngineState expected)
    {
        using var system = new GuestSystem(EngineKind.Interpreter);
        HostilePieces.Prepare(system, number, edges: true);
        StopReason reason = StopReason.Budget;
        for (long i = 0; i < Budget && reason == StopReason.Budget; i++)
        {
            system.Hart.Post(RemoteFence.Code);
            reason = system.Hart.Run(1);
        }

        return expected.FirstDifference(EngineState.Of(system)) is not null;
    }
}
