using Doppel.RiscV.Counters;

namespace Doppel.RiscV.Hart;

/// <summary>
/// The numbers of a hart's state slots: the same for debuggers, dumps, snapshots and every engine. 192–254 are kept for the hypervisor extension and AIA.
/// </summary>
public static class RiscVSlot
{
    /// <summary>x0; x<i>n</i> is slot <i>n</i>.</summary>
    public const byte X = 0;

    /// <summary>f0, NaN-boxed to 64 bits; f<i>n</i> is slot 32 + <i>n</i>.</summary>
    public const byte F = 32;

    public const byte Pc = 64;

    /// <summary>The current <see cref="PrivilegeMode"/>.</summary>
    public const byte Mode = 65;

    /// <summary>fflags in bits 4–0, frm in bits 7–5.</summary>
    public const byte Fcsr = 66;
    public const byte Mstatus = 67;

    /// <summary>The bits of mip that software has set.</summary>
    public const byte Mip = 68;

    /// <summary>The bits of mip that are driven by wires and timers.</summary>
    public const byte Lines = 69;
    public const byte Mie = 70;
    public const byte Medeleg = 71;
    public const byte Mideleg = 72;
    public const byte Mtvec = 73;
    public const byte Mscratch = 74;
    public const byte Mepc = 75;
    public const byte Mcause = 76;
    public const byte Mtval = 77;
    public const byte Mcounteren = 78;
    public const byte Mcountinhibit = 79;
    public const byte Menvcfg = 80;
    public const byte Stvec = 82;
    public const byte Sscratch = 83;
    public const byte Sepc = 84;
    public const byte Scause = 85;
    public const byte Stval = 86;
    public const byte Scounteren = 87;
    public const byte Senvcfg = 88;
    public const byte Satp = 89;
    public const byte Stimecmp = 90;

    /// <summary>
    /// Instructions retired since creation; not a CSR. Generated code counts them only while a counter wants to know (<see cref="HartState.Counting"/>).
    /// </summary>
    public const byte Retired = 91;

    /// <summary>What minstret and mcycle differ from <see cref="Retired"/>; while inhibited, their value.</summary>
    public const byte MinstretBase = 92;
    public const byte McycleBase = 93;

    /// <summary>1 while the hart waits in <c>wfi</c>.</summary>
    public const byte Waiting = 94;

    /// <summary>1 while the hart is switched off (SBI HSM state STOPPED).</summary>
    public const byte Stopped = 95;

    /// <summary>Physical address of the reservation of <c>lr</c>; all ones for none.</summary>
    public const byte ReservationAddress = 96;
    public const byte ReservationValue = 97;

    /// <summary>Bits 0 and 2: cycle and instret have been looked at since the reset, so that they have to be right.</summary>
    public const byte CountersUsed = 98;

    /// <summary>pmpcfg0 and pmpcfg2.</summary>
    public const byte Pmpcfg = 100;

    /// <summary>pmpaddr0 … pmpaddr15.</summary>
    public const byte Pmpaddr = 104;

    /// <summary>mhpmevent3 and the following.</summary>
    public const byte Mhpmevent = 120;

    /// <summary>mhpmcounter3 and the following; those that run with the instructions as their difference from <see cref="Retired"/>.</summary>
    public const byte Mhpmcounter = 128;

    /// <summary>Of the SBI's PMU extension: the counters, by their numbers there, that are configured.</summary>
    public const byte PmuConfigured = 136;

    /// <summary>Of the SBI's PMU extension: the firmware counters that run.</summary>
    public const byte PmuStarted = 137;

    /// <summary>What the firmware counters count: codes of firmware events.</summary>
    public const byte FirmwareEvent = 140;

    /// <summary>The firmware counters; those that run as their difference from the events since the reset.</summary>
    public const byte FirmwareCounter = 148;

    /// <summary>Firmware events since the reset, by their codes. Other harts count here too.</summary>
    public const byte FirmwareEvents = 156;

    /// <summary>Takes the writes to x0; never read.</summary>
    public const byte Sink = 255;

    public const int Count = 256;

    private static readonly string[] IntegerNames =
    [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
        "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    ];

    /// <summary>The specification's name of a slot, or <c>slotN</c> for those that have none.</summary>
    public static string Name(int slot) => slot switch
    {
        < 32 => IntegerNames[slot],
        < 64 => $"f{slot - 32}",
        Pc => "pc",
        Mode => "mode",
        Fcsr => "fcsr",
        Mstatus => "mstatus",
        Mip => "mip.software",
        Lines => "mip.lines",
        Mie => "mie",
        Medeleg => "medeleg",
        Mideleg => "mideleg",
        Mtvec => "mtvec",
        Mscratch => "mscratch",
        Mepc => "mepc",
        Mcause => "mcause",
        Mtval => "mtval",
        Mcounteren => "mcounteren",
        Mcountinhibit => "mcountinhibit",
        Menvcfg => "menvcfg",
        Stvec => "stvec",
        Sscratch => "sscratch",
        Sepc => "sepc",
        Scause => "scause",
        Stval => "stval",
        Scounteren => "scounteren",
        Senvcfg => "senvcfg",
        Satp => "satp",
        Stimecmp => "stimecmp",
        Retired => "retired",
        MinstretBase => "minstret.base",
        McycleBase => "mcycle.base",
        Waiting => "waiting",
        Stopped => "stopped",
        ReservationAddress => "reservation.address",
        ReservationValue => "reservation.value",
        CountersUsed => "counters.used",
        Pmpcfg => "pmpcfg0",
        Pmpcfg + 1 => "pmpcfg2",
        >= Pmpaddr and < Pmpaddr + 16 => $"pmpaddr{slot - Pmpaddr}",
        >= Mhpmevent and < Mhpmevent + HartCounters.Programmable => $"mhpmevent{slot - Mhpmevent + HartCounters.First}",
        >= Mhpmcounter and < Mhpmcounter + HartCounters.Programmable => $"mhpmcounter{slot - Mhpmcounter + HartCounters.First}.base",
        PmuConfigured => "pmu.configured",
        PmuStarted => "pmu.started",
        >= FirmwareEvent and < FirmwareEvent + FirmwareCounters.Count => $"firmware.event{slot - FirmwareEvent}",
        >= FirmwareCounter and < FirmwareCounter + FirmwareCounters.Count => $"firmware.counter{slot - FirmwareCounter}",
        >= FirmwareEvents and < FirmwareEvents + FirmwareCounters.Events => $"firmware.events{slot - FirmwareEvents}",
        _ => $"slot{slot}",
    };
}
