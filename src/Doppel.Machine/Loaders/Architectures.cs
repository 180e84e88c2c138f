namespace Doppel.Machine.Loaders;

/// <summary>Whose image it is: so that an image for another machine is named as such.</summary>
internal static class Architectures
{
    /// <summary>EM_RISCV.</summary>
    public const ushort ElfRiscV = 243;

    /// <summary>IMAGE_FILE_MACHINE_RISCV64.</summary>
    public const ushort PeRiscV64 = 0x5064;

    public static string OfElf(ushort machine) => machine switch
    {
        3 => "32-bit x86",
        20 or 21 => "PowerPC",
        22 => "s390",
        40 => "32-bit Arm",
        62 => "x86-64",
        183 => "arm64",
        258 => "LoongArch",
        _ => $"ELF machine {machine}",
    };

    public static string OfPe(ushort machine) => machine switch
    {
        0x14c => "32-bit x86",
        0x1c2 => "32-bit Arm",
        0x5032 => "32-bit RISC-V",
        0x6264 => "LoongArch",
        0x8664 => "x86-64",
        0xaa64 => "arm64",
        _ => $"PE machine 0x{machine:x}",
    };

    public static ImageFormatException Foreign(string architecture) =>
        new($"is for another processor ({architecture})", "the machine is RISC-V, 64 bit: give an image for riscv64");
}
