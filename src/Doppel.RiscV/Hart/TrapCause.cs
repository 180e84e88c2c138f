namespace Doppel.RiscV.Hart;

/// <summary>Exception codes of mcause and scause (Privileged Architecture 1.13, table "mcause values after trap").</summary>
public static class TrapCause
{
    public const ulong InstructionAccessFault = 1;
    public const ulong IllegalInstruction = 2;
    public const ulong Breakpoint = 3;
    public const ulong LoadAddressMisaligned = 4;
    public const ulong LoadAccessFault = 5;
    public const ulong StoreAddressMisaligned = 6;
    public const ulong StoreAccessFault = 7;
    public const ulong EcallFromUser = 8;
    public const ulong EcallFromSupervisor = 9;
    public const ulong EcallFromMachine = 11;
    public const ulong InstructionPageFault = 12;
    public const ulong LoadPageFault = 13;
    public const ulong StorePageFault = 15;

    /// <summary>Set in the cause of an interrupt.</summary>
    public const ulong Interrupt = 1UL << 63;
}

/// <summary>Interrupt numbers: bit positions in mip and mie, and the numbers of the vCPU's interrupt lines.</summary>
public static class InterruptNumber
{
    public const int SupervisorSoftware = 1;
    public const int MachineSoftware = 3;
    public const int SupervisorTimer = 5;
    public const int MachineTimer = 7;
    public const int SupervisorExternal = 9;
    public const int MachineExternal = 11;

    /// <summary>LCOFI of Sscofpmf: a counter has overflowed.</summary>
    public const int CounterOverflow = 13;
}
