using Doppel.Core.Snapshot;
using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>A program that begins under one engine and ends under another.</summary>
public sealed class EngineSnapshotTests
{
    private const string Program =
        """
            la s2, data
            fld fa0, 0(s2)
            fld fa1, 8(s2)
            li s0, 3000
        round:
            fdiv.d fa2, fa0, fa1
            fadd.d fa0, fa0, fa2
            fsd fa0, 16(s2)
            ld t0, 16(s2)
            xor s1, s1, t0
            amoadd.d t1, s0, (s3)
            addi s0, s0, -1
            andi t2, s0, 0x1ff
            bnez t2, round
            csrr t3, fflags
            add s4, s4, t3
            lr.d a0, (s3)
            wfi
            sc.d a1, s0, (s3)
            add s5, s5, a1
            bgtz s0, round
            wfi
            .align 8
        data:
            .dword 0x3ff0000000000000, 0x4008000000000000, 0
        """;

    [Theory]
    [InlineData(EngineKind.Interpreter, EngineKind.Translator)]
    [InlineData(EngineKind.Translator, EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator, EngineKind.Translator)]
    public void State_saved_under_one_engine_goes_on_under_another(EngineKind first, EngineKind second)
    {
        EngineState expected = Run(EngineKind.Interpreter, EngineKind.Interpreter);
        EngineState found = Run(first, second);
        Assert.Null(expected.FirstDifference(found));
        Assert.Equal(0UL, found.X("s0"));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void State_saved_at_any_moment_goes_on_under_the_other_engine(EngineKind engine)
    {
        // Stopped by kicks wherever it is, and moved to the other engine each time.
        EngineState expected = Run(EngineKind.Interpreter, EngineKind.Interpreter);
        var system = Start(engine);
        for (int move = 0; move < 60; move++)
        {
            using var kick = new Timer(_ => system.Hart.Kick(), null, 1, 1);
            StopReason reason = system.Hart.Run(move == 59 ? long.MaxValue : 700 + (move * 13));
            kick.Dispose();
            engine = engine == EngineKind.Interpreter ? EngineKind.Translator : EngineKind.Interpreter;
            system = Move(system, engine);
            if (reason == StopReason.Halted && system.X("s0") == 0) break;
            if (reason == StopReason.Halted) system[RiscVSlot.Waiting] = 0;
        }

        while (system.X("s0") != 0 || system[RiscVSlot.Waiting] == 0)
        {
            system[RiscVSlot.Waiting] = 0;
            system.Run();
        }

        EngineState found = EngineState.Of(system);
        system.Dispose();
        Assert.Null(expected.FirstDifference(found));
    }

    private static EngineState Run(EngineKind first, EngineKind second)
    {
        GuestSystem system = Start(first);
        EngineKind engine = first;
        while (true)
        {
            system.Run();
            if (system.X("s0") == 0) break;
            engine = engine == first ? second : first;
            system = Move(system, engine);
            system[RiscVSlot.Waiting] = 0;
        }

        EngineState state = EngineState.Of(system);
        system.Dispose();
        return state;
    }

    private static GuestSystem Start(EngineKind engine)
    {
        var system = new GuestSystem(engine);
        system.Load(Program);
        system[19] = GuestSystem.Base + 0x10_0000;
        return system;
    }

    private static GuestSystem Move(GuestSystem from, EngineKind engine)
    {
        var writer = new SnapshotWriter();
        from.Hart.Save(writer);
        byte[] memory = new byte[from.Memory.Regions[0].Length];
        from.Memory.TryRead(GuestSystem.Base, memory);
        from.Dispose();
        var system = new GuestSystem(engine);
        system.Load(memory, GuestSystem.Base);
        system.Hart.Load(new SnapshotReader(writer.Written.ToArray()));
        return system;
    }
}
