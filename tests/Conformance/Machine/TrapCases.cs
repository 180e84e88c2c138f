using System.Numerics;
using Doppel.RiscV.Isa;
using Doppel.Tests.Conformance.Engines;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>Exceptions and interrupts: illegal words, privileged instructions, misaligned accesses, delegation.</summary>
internal static class TrapCases
{
    private const ulong Data = MachineProgram.Data;

    /// <summary>A word that no row matches, or one whose row is privileged.</summary>
    public static MachineCase Illegal(Random random)
    {
        while (true)
        {
            bool compressed = random.Next(3) == 0;
            uint word = (uint)random.NextInt64(1L << 32);
            if (compressed && (word & 3) == 3) word ^= 1;
            if (compressed) word &= 0xffff;
            else word |= 3;
            if (!compressed && random.Next(2) == 0)
            {
                // Near a legal one.
                InstructionRow row = InstructionTable.Rows[random.Next(InstructionTable.Rows.Count)];
                if (row.IsCompressed) continue;
                word = row.Match | (word & ~row.Mask);
                word ^= 4u << random.Next(30);
            }

            if (!compressed && (word & 0x1f) == 0x1f) continue; // longer encodings
            if (Decoder.Full.Find(word) is { } found && found.Op != Op.Illegal) continue;
            if (QemuExtras.Knows(word)) continue;
            char mode = "MSU"[random.Next(3)];
            return new($"{mode}: illegal {word:x8}", "", mode, compressed ? $".half 0x{word:x}, 0x0001" : $".word 0x{word:x}");
        }
    }

    /// <summary>Privileged instructions under random TVM, TW and TSR bits.</summary>
    public static MachineCase Privileged(Random random)
    {
        string instruction = Pick(random, "mret", "sret", "wfi", "sfence.vma", "sfence.vma a2, a3", "sinval.vma a2, a3", "sfence.w.inval", "sfence.inval.ir", "csrr a0, satp", "csrw satp, zero",
            "ecall", "ebreak", "c.ebreak", "wrs.nto", "wrs.sto", "cbo.zero (a4)", "cbo.clean (a4)", "cbo.flush (a4)", "cbo.inval (a4)", "prefetch.w 0(a4)", "fence.i", "csrr a0, time", "csrr a0, stimecmp");
        char mode = "MSSUU"[random.Next(5)];
        ulong status = (ulong)random.Next(8) << 20;
        ulong others = (ulong)random.Next(1 << 9) & 0x1a2; // SIE, SPIE, MPIE, SPP

        // It would wait; and WRS.NTO may or may not take so long that TW matters.
        if (instruction == "wfi" && (mode == 'M' || (status & (1 << 21)) == 0)) instruction = "nop";
        if (instruction == "wrs.nto") status &= ~(1UL << 21);

        // QEMU executes these in U-mode as no-operations.
        if (mode == 'U' && instruction is "sfence.w.inval" or "sfence.inval.ir") instruction = "sret";
        ulong environment = (ulong)random.Next(16) << 4 & 0xd0;
        ulong supervisor = (ulong)random.Next(16) << 4 & 0xd0;
        if (random.Next(2) == 0) environment |= 1UL << 63;
        int counters = random.Next(8), userCounters = random.Next(8);
        string after = instruction is "csrr a0, time" or "csrr a0, stimecmp" ? "; li a0, 1" : "";
        string setup =
            $"""
            la t0, landing
            csrw sepc, t0
            li t0, {(long)(status | others)}
            csrs mstatus, t0
            li t0, {(long)environment}
            csrw menvcfg, t0
            li t0, {supervisor}
            csrw senvcfg, t0
            csrwi mcounteren, {counters}
            csrwi scounteren, {userCounters}
            li a4, 0x{Data + (ulong)random.Next(256):x}
            """;
        return new($"{mode}: {instruction}, mstatus |= {status | others:x}, menvcfg {environment:x}, senvcfg {supervisor:x}, counteren {counters} {userCounters}", setup, mode, instruction + after, HideValue: QemuBugs.HasWrongTrapValue(instruction));
    }

    /// <summary>Misaligned and out-of-reach data accesses.</summary>
    public static MachineCase Access(Random random)
    {
        string[] loads = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "flw", "fld", "flh", "sb", "sh", "sw", "sd", "fsw", "fsd", "fsh", "lr.w", "lr.d", "sc.w", "sc.d", "amoadd.w", "amoswap.d", "amomaxu.d", "amominu.w"];
        string name = Pick(random, loads);
        InstructionRow row = InstructionTable.Find(name)!;
        ulong address = random.Next(5) switch
        {
            0 => Data + (ulong)random.Next(64),
            1 => Data + 0xff8 + (ulong)random.Next(16),
            2 => 0x300000 + (ulong)random.Next(16) - 8, // nothing there
            3 => 0x4000_0000_0000_0000 + (ulong)random.Next(16),
            _ => Data + (ulong)(random.Next(64) * 8),
        };

        // QEMU reports misaligned AMOs as loads, and looks at the address of a store-conditional only if there is a reservation.
        if (row.Extension == Extension.A && name[0] != 'l') address = name[0] == 's' ? Data : address & ~7UL;
        return new($"{name} at 0x{address:x}", $"li a2, {(long)address}\nli a3, 0x55aa", "MSU"[random.Next(3)], $"{Write(row)}; mv a1, a0");
    }

    /// <summary>Delegated exceptions and interrupts.</summary>
    public static MachineCase Delegation(Random random)
    {
        int interrupts = random.Next(8), enabled = random.Next(8), delegated = random.Next(8);

        // Of several interrupts QEMU without AIA takes the one with the lowest number, not the one of the highest priority.
        int ready = interrupts & enabled;
        if (BitOperations.PopCount((uint)(ready & delegated)) > 1 || BitOperations.PopCount((uint)(ready & ~delegated)) > 1) interrupts = 1 << random.Next(3);
        char mode = "MSU"[random.Next(3)];
        ulong exceptions = (ulong)random.Next(0x10000) & 0xb1ff; // not the S-mode ecall: the handler leaves by it
        ulong status = (ulong)random.Next(1 << 9) & 0xa2; // SIE, SPIE, MPIE; mret turns MPIE into MIE
        string stub = Pick(random, "nop", "ebreak", ".word 0", "li a2, 0x300000; ld a0, 0(a2)", "li a2, 0x300000; sd a0, 0(a2)", "li a2, 0x300000; jr a2", "csrr a0, mscratch", "lr.d a0, (a4)", "mret");
        int vectored = random.Next(2);
        string setup =
            $"""
            li a4, 0x{Data + 4:x}
            li t0, {Spread(delegated)}
            csrw mideleg, t0
            li t0, {exceptions}
            csrw medeleg, t0
            li t0, {Spread(enabled)}
            csrw mie, t0
            li t0, {Spread(interrupts)}
            csrs mip, t0
            li t0, {status}
            csrs mstatus, t0
            csrsi stvec, {vectored}
            """;
        return new($"{mode}: {stub}, mip {interrupts:x} mie {enabled:x} mideleg {delegated:x} (SSIP STIP SEIP), medeleg {exceptions:x}, mstatus |= {status:x}, stvec mode {vectored}", setup, mode, stub, HideValue: QemuBugs.HasWrongTrapValue(stub));
    }

    // SSIP, STIP, SEIP are bits 1, 5, 9.
    private static int Spread(int bits) => ((bits & 1) << 1) | ((bits & 2) << 4) | ((bits & 4) << 7);

    private static string Write(InstructionRow row)
    {
        string data = row.Rd.Kind == OperandKind.F || row.Rs2.Kind == OperandKind.F ? "fa0" : "a0";
        return row.Format.Syntax switch
        {
            "d,i(s)" => $"{row.Mnemonic} {data}, 0(a2)",
            "t,i(s)" => $"{row.Mnemonic} {(data == "fa0" ? "fa0" : "a3")}, 0(a2)",
            "d,(s)" => $"{row.Mnemonic} a0, (a2)",
            _ => $"{row.Mnemonic} a0, a3, (a2)",
        };
    }

    private static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];
}
