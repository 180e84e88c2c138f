using Doppel.Core.Vcpu;
using Doppel.Machine;
using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Budgets of generated code that counts: it stops behind any instruction of a program, in the state in which the interpreter is there.</summary>
public sealed class BudgetTests
{
    private const string Program =
        """
            la s2, data
            la t0, handler
            csrw mtvec, t0
            lui s3, 0x10000
            fld fa0, 0(s2)
            fld fa1, 8(s2)
            li s0, 4
            li a4, -1
        round:
            beqz s0, end
            fdiv.d fa2, fa0, fa1
            fadd.d fa0, fa0, fa2
            fsd fa0, 16(s2)
            ld t0, 16(s2)
            ld t1, 24(s2)
            sd t1, 32(s2)
            sw s0, 8(s3)
            lw t2, 4(s3)
            fsd fa0, 16(s3)
            amoadd.d t1, s0, (s2)
            lr.d t3, (s2)
            sc.d t4, t3, (s2)
            call function
            lb t5, (a4)
            addi s0, s0, -1
            csrr t6, minstret
            csrr a5, mcycle
            csrr a6, fflags
            ecall
            fence.i
            andi t0, s0, 1
            beqz t0, round
            li a7, 3
        inner:
            addi a7, a7, -1
            mul s4, s4, a7
            bnez a7, inner
            j round
        function:
            div s5, s0, s4
            rem s6, s0, s4
            sfence.vma
            ret
        end:
            wfi
            .align 2
        handler:
            csrr s7, mepc
            addi s7, s7, 4
            csrw mepc, s7
            csrr s8, mcause
            csrr s9, minstret
            mret
            .align 3
        data:
            .dword 0x3ff0000000000000, 0x4008000000000000, 0, 1, 2
        """;

    [Fact]
    public void Generated_code_stops_behind_every_instruction()
    {
        List<Moment> expected = Moments();
        Assert.InRange(expected.Count, 150, 1000);
        for (int instructions = 1; instructions < expected.Count; instructions++)
        {
            using GuestSystem system = Start(EngineKind.Translator);
            StopReason reason = system.Hart.Run(instructions);
            Assert.Equal(instructions == expected.Count - 1 ? StopReason.Halted : StopReason.Budget, reason);
            Moment.Of(system).Check(expected[instructions], instructions);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(13)]
    public void Generated_code_goes_on_behind_every_instruction(int piece)
    {
        List<Moment> expected = Moments();
        using GuestSystem system = Start(EngineKind.Translator);
        int instructions = 0;
        while (system.Hart.Run(piece) == StopReason.Budget) Moment.Of(system).Check(expected[instructions += piece], instructions);
        Moment.Of(system).Check(expected[^1], expected.Count - 1);
    }

    [Fact]
    public void Instructions_are_counted_alike_without_a_budget()
    {
        List<Moment> expected = Moments();
        using GuestSystem system = Start(EngineKind.Translator);
        Assert.Equal(StopReason.Halted, system.Hart.Run(long.MaxValue));
        Moment.Of(system).Check(expected[^1], expected.Count - 1);
        Assert.Equal((ulong)expected.Count - 1, system.Hart.InstructionsExecuted);
    }

    private static GuestSystem Start(EngineKind engine)
    {
        var system = new GuestSystem(engine, codeBytes: 1 << 20, counts: true);
        system.Load(Program);
        system.Restart(GuestSystem.Base);
        return system;
    }

    /// <summary>After each instruction of the program under the interpreter, from 0.</summary>
    private static List<Moment> Moments()
    {
        using GuestSystem system = Start(EngineKind.Interpreter);
        List<Moment> moments = [Moment.Of(system)];
        StopReason reason;
        do
        {
            reason = system.Hart.Run(1);
            moments.Add(Moment.Of(system));
        }
        while (reason == StopReason.Budget && moments.Count < 10_000);
        return moments;
    }

    /// <summary>All registers, the retired counter among them, the memory that the program can write, and what it has done to the device.</summary>
    private sealed record Moment(ulong[] Registers, byte[] Memory, string[] Accesses)
    {
        public static Moment Of(GuestSystem system)
        {
            byte[] memory = new byte[4096];
            Assert.True(system.Memory.TryRead(GuestSystem.Base, memory));
            ulong[] registers = [.. Enumerable.Range(0, RiscVSlot.Count).Select(system.Hart.ReadRegister)];
            registers[RiscVSlot.Sink] = 0;
            return new(registers, memory, [.. system.Device.Accesses]);
        }

        public void Check(Moment expected, int instructions)
        {
            for (int slot = 0; slot < RiscVSlot.Count; slot++)
            {
                if (Registers[slot] != expected.Registers[slot])
                    Assert.Fail($"after {instructions} instructions {RiscVSlot.Name(slot)} should be 0x{expected.Registers[slot]:x}, is 0x{Registers[slot]:x}");
            }

            Assert.Equal(expected.Memory, Memory);
            Assert.Equal(expected.Accesses, Accesses);
        }
    }
}
