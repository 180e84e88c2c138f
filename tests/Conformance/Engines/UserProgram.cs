using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Programs in U-mode under a handler in S-mode and one in M-mode, each with a page of its own.</summary>
internal static class UserProgram
{
    /// <summary>Where the handler in S-mode is; its other page, behind the next, shows a frame that is free.</summary>
    public const ulong Kernel = 0x4000_0000;

    public const ulong User = 0x5000_0000;

    /// <summary>Physical pages: the user's, the kernel's, the free one, and what a test needs.</summary>
    public const ulong Frames = GuestSystem.Base + 0x20_0000;

    private const ulong Root = GuestSystem.Base + 0x80_0000;

    /// <summary>
    /// Runs it under both engines and compares. Registers at the beginning: s0 the rounds, a5 an address of the user's page, s10 SUM, s8 and s9 the addresses of the page table entries
    /// of the user's and the free page.
    /// </summary>
    /// <param name="machine">The handler in M-mode; ends with <c>wfi</c>.</param>
    /// <param name="prepare">What else the program needs.</param>
    /// <returns>What the interpreter left.</returns>
    public static EngineState Check(string user, string supervisor, string machine, ulong rounds, Action<GuestSystem, PageTables>? prepare = null) => NoDiff.Check(
        $"""
            .align 4
        machine:
            {machine}
        """,
        (system, labels) =>
        {
            var tables = new PageTables(system, Root);
            ulong userEntry = tables.Map(User, Frames, PageTables.UserAll);
            tables.Map(Kernel, Frames + 0x1000, PageTables.SupervisorAll);
            ulong freeEntry = tables.Map(Kernel + 0x2000, Frames + 0x2000, PageTables.SupervisorAll);
            tables.Map(Root, Root, PageTables.SupervisorAll, level: 1);
            system.Load(user, Frames);
            system.Load(supervisor, Frames + 0x1000);
            system[RiscVSlot.Mtvec] = labels.AddressOf("machine");
            system[RiscVSlot.Stvec] = Kernel;
            system[RiscVSlot.Medeleg] = 1UL << (int)TrapCause.EcallFromUser | 1UL << (int)TrapCause.LoadPageFault | 1UL << (int)TrapCause.StorePageFault | 1UL << (int)TrapCause.IllegalInstruction;
            system[RiscVSlot.Satp] = tables.Satp();
            system.Hart.SetEntry(User, 0, 0, 0, PrivilegeMode.User);
            system[8] = rounds;
            system[15] = User + 0x100;
            (system[24], system[25], system[26]) = (userEntry, freeEntry, 0x40000);
            prepare?.Invoke(system, tables);
        });
}
