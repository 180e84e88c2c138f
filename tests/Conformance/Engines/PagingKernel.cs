using Doppel.RiscV.Hart;
using Doppel.RiscV.Isa.Assembly;
using Doppel.Tests.Conformance.Programs;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>
/// A machine-mode kernel of a page, for user programs whose image is scattered over physical memory and seen through two windows. It can keep just a few pages present
/// at a time, so that any access and any jump may fault, and it counts and ends interrupts. Any other trap ends the program.
/// </summary>
internal static class PagingKernel
{
    /// <summary>The most pages of an image.</summary>
    public const int MaxPages = 1024;

    /// <summary>Fewer could need each other forever: an instruction and its data can lie on two pages each.</summary>
    public const int FewestPages = 5;

    private const ulong Kernel = GuestSystem.Base + 0xc0_0000;
    private const ulong Root = Kernel + 0x1_0000;
    private const int TableBytes = 16 << 12;
    private const ulong Frames = GuestSystem.Base + 0x40_0000;

    /// <summary>Loads an image and puts the hart at its first byte in U-mode.</summary>
    /// <param name="seed">Of the order of the pages in physical memory.</param>
    /// <param name="present">How many pages are present at a time; 0 for all, always.</param>
    /// <returns>Where the kernel counts page faults, and behind it interrupts.</returns>
    public static ulong Start(GuestSystem system, ReadOnlySpan<byte> image, int seed, int present)
    {
        int pages = (image.Length + 4095) / 4096;
        if (pages > MaxPages) throw new ArgumentException("The image is too large.", nameof(image));
        if (present is > 0 and < FewestPages) throw new ArgumentOutOfRangeException(nameof(present));
        ProgramBuilder kernel = system.Load(Text(present), Kernel);
        system.Restart(RandomProgram.Address);
        system.Memory.TryFill(Root, TableBytes, 0);
        var tables = new PageTables(system, Root);
        int[] frames = [.. Enumerable.Range(0, pages)];
        new Random(seed).Shuffle(frames);
        ulong entries = 0;

        // Upper tables first, so that the leaves of both windows follow each other.
        for (int window = 0; window < 2; window++) tables.Map(RandomProgram.Address + ((ulong)window << ProgramShape.AliasBit), 0, 0, level: 1);
        for (int window = 0; window < 2; window++)
        {
            for (int page = 0; page < MaxPages; page++)
            {
                ulong address = RandomProgram.Address + ((ulong)window << ProgramShape.AliasBit) + ((ulong)page << 12);
                bool exists = page < pages;
                ulong flags = exists ? PageTables.UserAll & (present > 0 ? ~PageTables.V : ~0UL) : 0;
                ulong entry = tables.Map(address, exists ? Frames + ((ulong)frames[page] << 12) : 0, flags);
                if (window == 0 && page == 0) entries = entry;
            }
        }

        for (int page = 0; page < pages; page++) system.Load(image[(page << 12)..Math.Min(image.Length, (page + 1) << 12)], Frames + ((ulong)frames[page] << 12));
        system.Write64(kernel.AddressOf("entries"), entries);
        system[RiscVSlot.Mtvec] = kernel.AddressOf("handler");
        system[RiscVSlot.Mscratch] = kernel.AddressOf("save");
        system[RiscVSlot.Satp] = tables.Satp();
        system[RiscVSlot.Menvcfg] = 0xf0;
        system[RiscVSlot.Senvcfg] = 0xf0;
        system[RiscVSlot.Mie] = 1UL << InterruptNumber.MachineSoftware;
        system.Hart.SetEntry(RandomProgram.Address, 0, 0, 0, PrivilegeMode.User);
        return kernel.AddressOf("faults");
    }

    /// <summary>Reads an image's memory back.</summary>
    public static byte[] Read(GuestSystem system, int pages, int seed)
    {
        int[] frames = [.. Enumerable.Range(0, pages)];
        new Random(seed).Shuffle(frames);
        byte[] image = new byte[pages << 12];
        for (int page = 0; page < pages; page++) system.Memory.TryRead(Frames + ((ulong)frames[page] << 12), image.AsSpan(page << 12, 4096));
        return image;
    }

    private static string Text(int present) =>
        $"""
        handler:
            csrrw t6, mscratch, t6
            sd t0, 0(t6)
            sd t1, 8(t6)
            sd t2, 16(t6)
            sd t3, 24(t6)
            csrr t0, mcause
            bltz t0, interrupt
            li t1, 12
            beq t0, t1, fault
            li t1, 13
            beq t0, t1, fault
            li t1, 15
            beq t0, t1, fault
        stop:
            csrw mie, zero          # a pending interrupt would end the waiting
            wfi
            j stop
        interrupt:
            li t0, 0x{GuestSystem.DeviceAddress:x}
            sd zero, 0(t0)          # the test lowers the line
            la t1, interrupts
            ld t0, 0(t1)
            addi t0, t0, 1
            sd t0, 0(t1)
            j back
        fault:
            la t1, faults
            ld t0, 0(t1)
            addi t0, t0, 1
            sd t0, 0(t1)
            csrr t0, mtval          # window and page are the entry's number
            srli t1, t0, 12
            andi t1, t1, 0x3ff
            srli t2, t0, {ProgramShape.AliasBit}
            andi t2, t2, 1
            slli t2, t2, 10
            or t1, t1, t2
            slli t1, t1, 3
            la t2, entries
            ld t2, 0(t2)
            add t1, t1, t2
            ld t3, 0(t1)
            andi t2, t3, 1
            bnez t2, stop           # present: not ours to serve
            beqz t3, stop           # nothing there
            ori t3, t3, 1
            sd t3, 0(t1)
            sfence.vma t0
            la t2, next             # the oldest page makes room
            ld t3, 0(t2)
            addi t0, t3, 8
            li t2, {8 * Math.Max(present, 1)}
            bne t0, t2, keep
            li t0, 0
        keep:
            la t2, next
            sd t0, 0(t2)
            la t2, ring
            add t2, t2, t3
            ld t3, 0(t2)
            sd t1, 0(t2)
            beqz t3, back
            ld t0, 0(t3)
            andi t0, t0, -2
            sd t0, 0(t3)
            la t1, entries
            ld t1, 0(t1)
            sub t3, t3, t1          # the address back from the entry's number
            srli t3, t3, 3
            andi t0, t3, 0x3ff
            slli t0, t0, 12
            srli t3, t3, 10
            slli t3, t3, {ProgramShape.AliasBit}
            or t0, t0, t3
            li t3, 0x{RandomProgram.Address:x}
            add t0, t0, t3
            sfence.vma t0
        back:
            ld t0, 0(t6)
            ld t1, 8(t6)
            ld t2, 16(t6)
            ld t3, 24(t6)
            csrrw t6, mscratch, t6
            mret
            .align 8
        save:       .zero 32
        entries:    .dword 0
        faults:     .dword 0
        interrupts: .dword 0
        next:       .dword 0
        ring:       .zero {8 * Math.Max(present, 1)}
        """;
}
