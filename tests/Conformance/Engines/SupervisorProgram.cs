using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Programs in S-mode with page tables: the first gigabyte of RAM is mapped one to one, and so are the tables. Traps go to M-mode, which logs cause, address, value and the
/// sum of registers, calls the program's own <c>repair</c> and goes on behind the instruction, or at the address in s11 if that is not zero.
/// </summary>
internal static class SupervisorProgram
{
    public const ulong Root = GuestSystem.Base + 0x80_0000;

    /// <summary>Where programs have their own mappings.</summary>
    public const ulong Window = 0x4000_0000;

    /// <summary>Physical pages for them.</summary>
    public const ulong Frames = GuestSystem.Base + 0x20_0000;

    private const ulong Log = GuestSystem.Base + 0x60_0000;

    /// <summary>Runs it under both engines and compares.</summary>
    /// <param name="text">The code, from its first byte; may use all registers but t6 and s11; ends by jumping to <c>done</c>.</param>
    /// <param name="map">Makes the mappings.</param>
    /// <param name="repair">Runs in M-mode at each trap with the cause in t0; may change t0–t3; has <c>mtval</c> and <c>mepc</c>; leaves with <c>j retry</c> to repeat the instruction, <c>j skip</c> to go on behind it.</param>
    /// <returns>What the interpreter left.</returns>
    public static EngineState Check(string text, Action<GuestSystem, PageTables, ProgramBuilder> map, string repair = "j skip")
    {
        string program =
            $"""
            {text}
            done:
                ecall
                .align 64
            handler:
                csrrw t6, mscratch, t6
                sd t0, 0(t6)
                sd t1, 8(t6)
                sd t2, 16(t6)
                sd t3, 24(t6)
                ld t1, 32(t6)           # the log's end
                csrr t0, mcause
                sd t0, 0(t1)
                csrr t2, mepc
                sd t2, 8(t1)
                la t3, done
                beq t2, t3, end
                csrr t2, mtval
                sd t2, 16(t1)
                add t2, a0, a1
                slli t2, t2, 1
                add t2, t2, a2
                slli t2, t2, 1
                add t2, t2, a3
                slli t2, t2, 1
                add t2, t2, s1
                sd t2, 24(t1)
                addi t1, t1, 32
                sd t1, 32(t6)
                {repair}
            skip:
                bnez s11, elsewhere
                csrr t1, mepc
                lhu t2, 0(t1)
                andi t2, t2, 3
                addi t2, t2, -3
                addi t1, t1, 2
                bnez t2, short
                addi t1, t1, 2
            short:
                csrw mepc, t1
                j retry
            elsewhere:
                csrw mepc, s11
            retry:
                ld t0, 0(t6)
                ld t1, 8(t6)
                ld t2, 16(t6)
                ld t3, 24(t6)
                csrrw t6, mscratch, t6
                mret
            end:
                wfi
                j end
                .align 8
            save:
                .zero 32
                .dword 0x{Log:x}
            """;
        return NoDiff.Check(program, (system, labels) =>
        {
            system[RiscVSlot.Mtvec] = labels.AddressOf("handler");
            system[RiscVSlot.Mscratch] = labels.AddressOf("save");
            var tables = new PageTables(system, Root);
            tables.Map(GuestSystem.Base, GuestSystem.Base, PageTables.SupervisorAll, level: 2);
            system[RiscVSlot.Menvcfg] = 0xf0;
            map(system, tables, labels);
            system[RiscVSlot.Satp] = tables.Satp();
            system.Hart.SetEntry(GuestSystem.Base, 0, 0, 0, PrivilegeMode.Supervisor);
        });
    }

    /// <summary>Entries of the log.</summary>
    public static int Traps(EngineState state)
    {
        int count = 0;
        while (state.Read64(Log + ((ulong)count * 32)) != 9) count++;
        return count;
    }
}
