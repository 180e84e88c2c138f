using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Machine;

/// <summary>
/// A machine-mode program that goes through <see cref="MachineCase"/>s and logs every trap. When done it waits for an interrupt; under QEMU it writes the log to the
/// serial port first and switches the machine off.
/// </summary>
internal sealed class MachineProgram
{
    /// <summary>Page tables for the cases, one page per level, from the root down; cleared before each case.</summary>
    public const ulong Tables = RandomProgram.Address + 0x80000;

    /// <summary>Data for the cases: 16 pages (so that a 64 KiB NAPOT page fits), aligned to their size.</summary>
    public const ulong Data = RandomProgram.Address + 0x90000;

    /// <summary>What the data pages hold in every double word: code that leaves by <c>ecall</c> after a compressed no-operation.</summary>
    public const ulong DataWord = 0x00000073_00010001;

    private const ulong Log = RandomProgram.Address + 0xa0000;
    private const int EntryBytes = 64;

    /// <summary>mstatus at the start of each case: floating point on.</summary>
    private const ulong Status = 0x6000;

    private static readonly string[] Fields = ["cause", "epc", "tval", "status", "a0", "a1", "handler", "ip"];

    private readonly IReadOnlyList<MachineCase> _cases;
    private readonly int _entries;
    private readonly int _flag;

    /// <param name="cases">What to try.</param>
    /// <param name="entriesPerCase">The largest number of entries that a case logs.</param>
    public MachineProgram(IReadOnlyList<MachineCase> cases, int entriesPerCase)
    {
        _cases = cases;
        _entries = entriesPerCase;
        ProgramBuilder program = Assembler.Parse(Text(), RandomProgram.Address);
        if (program.Here > Tables) throw new ArgumentException($"{cases.Count} cases are too many.", nameof(cases));
        _flag = (int)(program.AddressOf("under_qemu") - RandomProgram.Address);
        while (program.Here < Log + (ulong)LogBytes) program.Double(program.Here is >= Data and < Log ? DataWord : 0);
        Image = program.Build();
        Common = program.AddressOf("reset");
    }

    /// <summary>The image for an engine without a serial port.</summary>
    public byte[] Image { get; }

    /// <summary>Where common code begins; no trap may come from there.</summary>
    private ulong Common { get; }

    public int LogOffset => (int)(Log - RandomProgram.Address);

    public int LogBytes => _cases.Count * _entries * EntryBytes;

    /// <summary>The image that writes its log to the serial port.</summary>
    public byte[] ImageForQemu()
    {
        byte[] image = [.. Image];
        image[_flag] = 1;
        return image;
    }

    /// <summary>Every case whose log differs, with its fields.</summary>
    public IEnumerable<(MachineCase Case, string Difference)> Differences(byte[] expected, byte[] actual)
    {
        for (int i = 0; i < _cases.Count; i++)
        {
            var text = new StringBuilder();
            ulong pc = BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan((i * _entries * EntryBytes) + 8));
            if (pc >= Common && pc < Tables) text.Append(CultureInfo.InvariantCulture, $"\n    the test's own code trapped at 0x{pc:x}");
            for (int field = 0; field < _entries * EntryBytes; field += 8)
            {
                int at = (i * _entries * EntryBytes) + field;
                ulong wanted = BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan(at)), found = BinaryPrimitives.ReadUInt64LittleEndian(actual.AsSpan(at));
                if (wanted == found || (_cases[i].HideValue && field % EntryBytes == 16)) continue;
                text.Append(CultureInfo.InvariantCulture, $"\n    entry {field / EntryBytes} {Fields[field % EntryBytes / 8]}: QEMU 0x{wanted:x}, here 0x{found:x}");
            }

            if (text.Length > 0) yield return (_cases[i], text.ToString());
        }
    }

    private string Text()
    {
        var text = new StringBuilder(
            $"""
            start:
                la t0, machine_trap
                csrw mtvec, t0
                la t0, supervisor_trap
                csrw stvec, t0
                li t0, -1
                csrw stimecmp, t0
                csrw mcounteren, zero
                csrw scounteren, zero
                la t0, under_qemu
                lw t0, 0(t0)
                beqz t0, prepared
                li t0, -1               # the timer's compare register: not due
                li t1, 0x2004000
                sd t0, 0(t1)
            prepared:
            """);
        for (int i = 0; i < _cases.Count; i++)
        {
            MachineCase one = _cases[i];
            text.Append(CultureInfo.InvariantCulture,
                $"""

                    li t5, 0x{Log + (ulong)(i * _entries * EntryBytes):x}
                    la t1, position
                    sd t5, 0(t1)
                    la t0, after_{i}
                    la t1, next
                    sd t0, 0(t1)
                    jal s0, reset
                    {one.Setup}
                    li t0, 0x1800
                    csrc mstatus, t0
                    li t0, 0x{(one.Mode switch { 'M' => 0x1800, 'S' => 0x800, _ => 0 }):x}
                    csrs mstatus, t0
                    la t0, stub_{i}
                    csrw mepc, t0
                    mret
                stub_{i}:
                    {one.Stub}
                    ecall
                after_{i}:
                    csrw satp, zero
                    {one.After}
                """);
        }

        text.Append(CultureInfo.InvariantCulture,
            $"""

                csrw mie, zero
                la t0, under_qemu
                lw t0, 0(t0)
                beqz t0, wait
                li t0, 0x{Log:x}
                li t1, 0x{Log + (ulong)LogBytes:x}
                li t2, 0x10000000
            more:
                lbu t3, 5(t2)           # line status: transmitter empty
                andi t3, t3, 0x20
                beqz t3, more
                lbu t3, 0(t0)
                sb t3, 0(t2)
                addi t0, t0, 1
                bltu t0, t1, more
                li t0, 0x100000
                li t1, 0x5555
                sw t1, 0(t0)
            wait:
                wfi
                j wait

            landing:                    # where sret and mret of cases may go
                ecall

            reset:
                csrw satp, zero
                csrw mie, zero
                li t0, 0x222
                csrc mip, t0
                csrw medeleg, zero
                csrw mideleg, zero
                li t0, 0x{(1UL << 54) - 1:x}
                csrw pmpaddr0, t0
                li t0, 0x1f
                csrw pmpcfg0, t0
                csrw pmpcfg2, zero
                csrw menvcfg, zero
                csrw senvcfg, zero
                csrw mscratch, zero
                csrw sscratch, zero
                csrw scause, zero
                csrw sepc, zero
                csrw stval, zero
                csrw mcounteren, zero
                csrw scounteren, zero
                la t0, supervisor_trap
                csrw stvec, t0
                li t0, 0x{Tables:x}
                li t1, 0x{Tables + 0x6000:x}
            clear:
                sd zero, 0(t0)
                addi t0, t0, 8
                bltu t0, t1, clear
                li t0, 0x7e79aa         # everything that cases set
                csrc mstatus, t0
                li t0, 0x{Status:x}
                csrs mstatus, t0
                csrw fcsr, zero
                li a0, 0
                li a1, 0
                sfence.vma
                fence.i
                la t1, spare
                sc.d t0, t0, (t1)       # ends a reservation
                jr s0

                .align 4
            machine_trap:
                la t6, position
                ld t5, 0(t6)
                csrr t0, mcause
                sd t0, 0(t5)
                csrr t0, mepc
                sd t0, 8(t5)
                csrr t0, mtval
                sd t0, 16(t5)
                csrr t0, mstatus
                sd t0, 24(t5)
                sd a0, 32(t5)
                sd a1, 40(t5)
                li t0, 1
                sd t0, 48(t5)
                csrr t0, mip
                sd t0, 56(t5)
                addi t5, t5, {EntryBytes}
                sd t5, 0(t6)
                la t0, next
                ld t0, 0(t0)
                jr t0

                .align 4
            supervisor_trap:            # the vector table; t3 tells the entry
                {string.Join("; ", Enumerable.Repeat("jal t3, supervisor_common", 16))}
            supervisor_common:
                la t6, position
                ld t5, 0(t6)
                csrr t0, scause
                sd t0, 0(t5)
                csrr t0, sepc
                sd t0, 8(t5)
                csrr t0, stval
                sd t0, 16(t5)
                csrr t0, sstatus
                sd t0, 24(t5)
                sd a0, 32(t5)
                sd a1, 40(t5)
                sd t3, 48(t5)
                csrr t0, sip
                sd t0, 56(t5)
                addi t5, t5, {EntryBytes}
                sd t5, 0(t6)
                ecall

                .align 8
            under_qemu: .dword 0
            position:   .dword 0
            next:       .dword 0
            spare:      .dword 0
            """);
        return text.ToString();
    }
}
