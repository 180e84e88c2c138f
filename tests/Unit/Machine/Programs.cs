using Doppel.Backends.Console;
using Doppel.Machine;
using Doppel.RiscV.Isa.Assembly;

namespace Doppel.Tests.Unit.Machine;

/// <summary>Machines that run a few instructions.</summary>
internal sealed class Programs : IDisposable
{
    public const ulong Ram = 0x8000_0000;

    /// <summary>Where <see cref="Counting"/> counts.</summary>
    public const ulong Counter = Ram + 0x1000;

    /// <summary>Counts in memory, forever.</summary>
    public const string Counting = "li t0, 0x80001000; loop: ld t1, 0(t0); addi t1, t1, 1; sd t1, 0(t0); j loop";

    /// <summary>Sleeps with all interrupts off.</summary>
    public const string Sleeping = "csrw mie, zero; loop: wfi; j loop";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TempFolder _folder = new();
    private int _files;

    /// <summary>What the serial port shows.</summary>
    public MemoryConsole Serial { get; } = new();

    /// <summary>A bare-metal program in M-mode, assembled to the start of RAM.</summary>
    public VmConfig BareMetal(string assembly) => new()
    {
        Bios = _folder.File($"program{_files++}.bin", Assembler.Assemble(assembly, Ram)),
        MemoryBytes = 32 << 20,
    };

    /// <summary>An ELF program with the symbols of the host-target interface at <see cref="Counter"/>.</summary>
    public VmConfig Htif(string assembly) => new()
    {
        Bios = _folder.File($"program{_files++}.elf", Elf(assembly)),
        MemoryBytes = 32 << 20,
    };

    /// <summary>A kernel in S-mode under the machine's own SBI; the program begins at 0x80200040.</summary>
    public VmConfig Kernel(string assembly) => new()
    {
        Kernel = _folder.File($"program{_files++}.img", TestImages.Kernel(code: Words(Assembler.Assemble(assembly, Ram + 0x20_0040)), fileSize: 0x2000, imageSize: 0x4000)),
        MemoryBytes = 32 << 20,
    };

    public VirtualMachine Create(VmConfig config) => VirtualMachine.Create(config, new VmHost { Serial = Serial });

    /// <summary>Runs a machine to its end.</summary>
    public async Task<VmExit> RunAsync(VmConfig config)
    {
        await using VirtualMachine vm = Create(config);
        vm.Start();
        return await vm.WaitForExitAsync().WaitAsync(Patience);
    }

    public string File(string name, byte[] content) => _folder.File(name, content);

    public void Dispose() => _folder.Dispose();

    private static byte[] Elf(string assembly)
    {
        uint[] code = Words(Assembler.Assemble(assembly, Ram));
        return TestImages.Elf(Ram, code, memoryLength: 0x3000, symbols: [("tohost", Counter), ("fromhost", Counter + 0x40)]);
    }

    private static uint[] Words(byte[] code)
    {
        uint[] words = new uint[(code.Length + 3) / 4];
        Buffer.BlockCopy(code, 0, words, 0, code.Length);
        return words;
    }
}
