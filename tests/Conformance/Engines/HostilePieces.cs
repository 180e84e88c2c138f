using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// Any instructions in any order with any operands, in all modes: wild jumps and accesses, CSRs, address spaces out of random memory. A handler in machine mode, which the program
/// cannot reach because memory protection is locked, goes on with the next piece after each trap, and waits after the last one.
/// </summary>
internal static class HostilePieces
{
    private const ulong Code = GuestSystem.Base + 0x10_0000;
    private const ulong Data = GuestSystem.Base + 0x20_0000;
    private const int DataBytes = 0x1_0000;
    private const int Pieces = 512;
    private const int PieceBytes = 64;

    /// <summary>Control of the handler, what would wait for ever, and what engines count in their own ways.</summary>
    private static readonly HashSet<string> Kept =
    [
        "mtvec", "stvec", "mscratch", "medeleg", "mideleg", "mcountinhibit", "minstret", "mcycle", "cycle", "instret", "mcounteren", "scounteren",
    ];

    /// <param name="edges">Whether the registers that pieces begin with lead to the edges of RAM, and page tables there.</param>
    public static void Prepare(GuestSystem system, int seed, bool edges = false)
    {
        var random = new Random(seed);
        ProgramBuilder kernel = system.Load(Kernel(edges ? random : null));
        byte[] data = new byte[DataBytes];
        random.NextBytes(data);

        // Some of it looks like page tables that lead to it.
        for (int i = 0; i < DataBytes; i += 8)
        {
            if (random.Next(3) != 0) continue;
            ulong page = (random.Next(8) == 0 ? Code : Data) + ((ulong)random.Next(16) << 12);
            if (edges && random.Next(2) == 0) page = (random.Next(3) == 0 ? GuestSystem.Base : GuestSystem.End) + ((ulong)random.Next(-2, 3) << 12);
            ulong flags = random.Next(3) == 0 ? 1UL : (ulong)random.Next(256) | 0xc1;
            BitConverter.TryWriteBytes(data.AsSpan(i), page >> 12 << 10 | flags);
        }

        system.Load(data, Data);
        system.Load(MakePieces(random), Code);
        for (int r = 5; r < 32; r++) system[(byte)r] = random.Next(2) == 0 ? InterestingValues.Integer(random) : Data + (ulong)random.Next(DataBytes);
        for (int f = 0; f < 32; f++) system[(byte)(RiscVSlot.F + f)] = InterestingValues.Float(random);
        system[RiscVSlot.Mtvec] = kernel.AddressOf("handler");
        system[RiscVSlot.Stvec] = kernel.AddressOf("supervisor");
        system[RiscVSlot.Mscratch] = kernel.AddressOf("save");
        // A fetch that faults goes to machine mode: the supervisor's handler may be what cannot be fetched.
        system[RiscVSlot.Medeleg] = (ulong)random.Next(0x10000) & 0xa1fd;
        system[RiscVSlot.Menvcfg] = 0xf0 | (ulong)random.Next(8) << 61;

        // The kernel's page: executable for all and locked. Code: readable and executable, locked. The rest is open.
        const ulong Locked = 0x80, Napot = 3 << 3, Read = 1, Write = 2, Execute = 4;
        system[RiscVSlot.Pmpaddr] = GuestSystem.Base >> 2 | 0x3ff >> 2;
        system[(byte)(RiscVSlot.Pmpaddr + 1)] = Code >> 2 | (Pieces * PieceBytes / 8) - 1;
        system[(byte)(RiscVSlot.Pmpaddr + 2)] = (1UL << 54) - 1;
        system[RiscVSlot.Pmpcfg] = (Locked | Napot | Read | Execute) | (Locked | Napot | Read | Execute) << 8 | (Napot | Read | Write | Execute) << 16;
        system.Hart.SetEntry(Code, 0, Data, 0, PrivilegeMode.Machine);
    }

    private static byte[] MakePieces(Random random)
    {
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(r => r.Op is not (Op.Wfi or Op.WrsNto or Op.WrsSto or Op.Pause or Op.None))];
        InstructionRow[] privileged = [.. rows.Where(r => r.Extension is Extension.Privileged or Extension.Svinval or Extension.Zicsr)];
        int[] csrs = [.. CsrNames.Known.Keys.Where(c => !Kept.Contains(CsrNames.Of(c)) && !CsrNames.Of(c).StartsWith("pmp", StringComparison.Ordinal) && !CsrNames.Of(c).StartsWith("mhpm", StringComparison.Ordinal))];
        var code = new List<byte>();
        while (code.Count < Pieces * PieceBytes)
        {
            InstructionRow row = random.Next(6) == 0 ? privileged[random.Next(privileged.Length)] : rows[random.Next(rows.Length)];
            uint word = row.Match | ((uint)random.NextInt64(1L << 32) & ~row.Mask);
            if (row.Extension == Extension.Zicsr) word = (word & 0xfffff) | (uint)csrs[random.Next(csrs.Length)] << 20;
            if (random.Next(40) == 0) word = (uint)random.NextInt64(1L << 32);

            // What such bits mean may again be what is kept.
            if (Decoder.Full.Find(word) is { } found && (!rows.Contains(found) || (found.Extension == Extension.Zicsr && !csrs.Contains((int)(word >> 20))))) continue;
            for (int i = 0; i < ((word & 3) == 3 ? 4 : 2); i++) code.Add((byte)(word >> (8 * i)));
        }

        return [.. code.Take(Pieces * PieceBytes)];
    }

    private static string Kernel(Random? edges) =>
        $"""
        start:
            j start
            .align 4
        handler:
            csrw satp, zero             # first: these stores may be made as the mode that MPRV says
            csrrw t6, mscratch, t6
            sd t0, 0(t6)
            sd t1, 8(t6)
            csrw mie, zero
            fence.i                     # until then an engine may have old code, and each has its own (Zifencei)
            li t0, 0x20000
            csrc mstatus, t0
            li t0, 0x6000
            csrs mstatus, t0
            ld t0, 16(t6)               # the next piece
            li t1, 512
            bge t0, t1, end
            addi t1, t0, 1
            sd t1, 16(t6)
            slli t1, t0, 6
            li t0, 0x80100000
            add t1, t1, t0
            csrw mepc, t1
            ld t0, 16(t6)               # in a mode that depends on its number
            slli t0, t0, 11
            li t1, 0x1800
            csrc mstatus, t1
            and t0, t0, t1
            csrs mstatus, t0
            li a1, {Pointer(edges, Data + 0x4000)}       # some registers that lead somewhere
            li s0, {Pointer(edges, Data + 0x8ff8)}
            li a5, {Pointer(edges, Data + 0x9009)}
            li sp, {Pointer(edges, Data + 0xc000)}
            ld t0, 0(t6)
            ld t1, 8(t6)
            csrrw t6, mscratch, t6
            mret
        end:
            wfi
            j end
            .align 4
        supervisor:
            ecall
            .align 4096                 # not in what is locked
        save:
            .dword 0, 0, 1
        """;

    /// <summary>Somewhere at an edge, or where it is otherwise.</summary>
    private static ulong Pointer(Random? edges, ulong otherwise)
    {
        if (edges is null) return otherwise;
        ulong near = (ulong)edges.Next(-16, 17);
        return edges.Next(4) switch
        {
            0 => GuestSystem.Base + near,
            1 => GuestSystem.End + near + ((ulong)edges.Next(-2, 3) * 2048),
            2 => GuestSystem.End + near,
            _ => otherwise + near,
        };
    }
}
