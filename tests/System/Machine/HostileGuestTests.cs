using Doppel.Backends.Console;
using Doppel.Machine;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.System.Machine;

/// <summary>Guests that do nonsense as fast as they can. The process and the machine must live; what the guest gets is its own affair.</summary>
[Collection(nameof(BootsOneByOne))]
public sealed class HostileGuestTests : IDisposable
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(60);
    private readonly string _file = Path.GetTempFileName();
    private readonly string _disk = Path.GetTempFileName();

    public void Dispose()
    {
        File.Delete(_file);
        File.Delete(_disk);
    }

    /// <summary>
    /// Hart 0 reads and writes devices at random: addresses (often multiples of 4, often the registers' low ones), widths and values. Hart 1 reads and writes CSRs at random, but for
    /// mtvec, which brings it back, and PMP, with which it would lock itself out.
    /// </summary>
    private const string Program = """
        csrw mscratch, a0
        la t0, trap; csrw mtvec, t0
        li s10, 0x2545F4914F6CDD1D
        addi s11, a0, 77
        li s9, 0x80010000; slli t0, a0, 3; add s9, s9, t0
        la s8, devices
        bnez a0, csrs

        devices_loop:
        jal random; andi t0, a0, 15; slli t0, t0, 3; add t0, t0, s8; ld s0, 0(t0)
        jal random; andi t0, a0, 7; srli a0, a0, 8
        li t1, 0xffffff; bnez t0, small; j masked
        small: li t1, 0x1ff
        masked: and a0, a0, t1; add s0, s0, a0
        jal random; andi t0, a0, 3; beqz t0, odd; andi s0, s0, -4
        odd: jal random; mv s1, a0
        jal random; andi t0, a0, 7; la t1, accesses; slli t0, t0, 3; add t1, t1, t0
        # Never the register that ends the machine.
        srli t2, s0, 12; li t3, 0x100; beq t2, t3, devices_loop
        jalr t1
        ld t0, 0(s9); addi t0, t0, 1; sd t0, 0(s9)
        j devices_loop

        .align 8
        accesses:
        c.nop; lb t4, 0(s0); c.jr ra
        c.nop; lhu t4, 0(s0); c.jr ra
        c.nop; lw t4, 0(s0); c.jr ra
        c.nop; ld t4, 0(s0); c.jr ra
        c.nop; sb s1, 0(s0); c.jr ra
        c.nop; sh s1, 0(s0); c.jr ra
        c.nop; sw s1, 0(s0); c.jr ra
        c.nop; sd s1, 0(s0); c.jr ra

        csrs:
        li t0, 0x1800; csrw mstatus, t0
        jal random; srli t0, a0, 20
        # Half of the numbers are near those that exist.
        andi t1, a0, 1; beqz t1, anywhere
        andi t1, a0, 30; slli t1, t1, 2; la t2, groups; add t2, t2, t1; ld t2, 0(t2); andi t0, t0, 127; add t0, t0, t2
        anywhere: li t1, 0xfff; and t0, t0, t1
        li t1, 0x305; beq t0, t1, csrs
        li t1, 0x340; beq t0, t1, csrs
        addi t1, t0, -0x3a0; sltiu t1, t1, 0x50; bnez t1, csrs
        jal random; mv s1, a0
        # csrrw, csrrs, csrrc and their immediate forms, built at run time.
        jal random; andi t1, a0, 7; slli t1, t1, 12; slli t0, t0, 20; or t0, t0, t1
        li t1, 0x48ef3; or t0, t0, t1
        la t1, slot; sw t0, 0(t1); fence.i
        slot: nop
        ld t0, 0(s9); addi t0, t0, 1; sd t0, 0(s9)
        j csrs

        # xorshift64*
        random: srli a0, s11, 12; xor s11, s11, a0; slli a0, s11, 25; xor s11, s11, a0; srli a0, s11, 27; xor s11, s11, a0; mul a0, s11, s10; srli a0, a0, 7; c.jr ra

        .align 4
        trap:
        csrr t5, mcause; bltz t5, interrupt
        csrr t5, mepc; lhu t6, 0(t5); andi t6, t6, 3; addi t6, t6, -3; addi t5, t5, 2; bnez t6, short; addi t5, t5, 2
        short: csrw mepc, t5
        interrupt: csrw mie, zero; li t5, 0x1800; csrw mstatus, t5
        mret

        .align 8
        devices: .dword 0x10001000, 0x10002000, 0x10003000, 0x10004000, 0x10005000, 0x10008000, 0x10000000, 0x0c000000, 0x0c001000, 0x0c002000, 0x0c200000, 0x02000000, 0x02004000, 0x02008000, 0x00101000, 0x30000000
        groups: .dword 0x000, 0x100, 0x140, 0x180, 0x300, 0x310, 0x320, 0x340, 0x7a0, 0xb00, 0xb80, 0xc00, 0xf00, 0x5a0, 0x600, 0xda0
        """;

    [Fact]
    public async Task Guest_thatAccessesDevicesAndCsrsAtRandom_harmsNobody()
    {
        await File.WriteAllBytesAsync(_file, Assembler.Assemble(Program.Replace("\r", ""), 0x8000_0000));
        await File.WriteAllBytesAsync(_disk, new byte[1 << 20]);
        var config = new VmConfig { Bios = _file, Cpus = 2, MemoryBytes = 32 << 20, Disks = [new DiskConfig(_disk)], Ports = ["a"] };
        await using VirtualMachine vm = VirtualMachine.Create(config, new VmHost { Serial = new MemoryConsole(1 << 16), Console = new MemoryConsole(1 << 16) });
        vm.Start();

        await Task.WhenAny(Task.Delay(Duration), vm.WaitForExitAsync());

        Assert.Equal(VmState.Running, vm.State);
        byte[] counters = new byte[16];
        Assert.True(vm.TryReadMemory(0x8001_0000, counters));
        (ulong accesses, ulong csrs) = (BitConverter.ToUInt64(counters), BitConverter.ToUInt64(counters, 8));
        Assert.True(accesses > 100_000, $"only {accesses} device accesses came back");
        Assert.True(csrs > 100_000, $"only {csrs} CSR accesses came back");
        Assert.Equal(0, vm.DeviceFaults);
        await vm.PauseAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }
}
