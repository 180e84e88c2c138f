namespace Doppel.Machine.Boards;

/// <summary>
/// The memory map of the board <c>riscv-virt</c>: that of QEMU's <c>virt</c>, so that firmware and kernels made for it run. Places without a device
/// yet are kept free and named here.
/// </summary>
internal static class RiscVVirtMap
{
    //                                                       address        length       PLIC input
    public static readonly MapEntry TestFinisher      = new(0x0010_0000,       0x1000);
    public static readonly MapEntry Rtc               = new(0x0010_1000,       0x1000, 11);
    public static readonly MapEntry GenerationId      = new(0x0010_2000,       0x1000, 12);     // ours; QEMU has nothing there
    public static readonly MapEntry Clint             = new(0x0200_0000,    0x1_0000);
    public static readonly MapEntry PciePio           = new(0x0300_0000,    0x1_0000);          // free
    public static readonly MapEntry Plic              = new(0x0c00_0000,   0x60_0000);
    public static readonly MapEntry Uart              = new(0x1000_0000,        0x100, 10);
    public static readonly MapEntry VirtioFirst       = new(0x1000_1000,       0x1000, 1);      // and seven more: next page, next input
    public static readonly MapEntry FwCfg             = new(0x1010_0000,         0x18);          // free: with it guests go by ACPI
    public static readonly MapEntry Flash             = new(0x2000_0000, 2 * 0x200_0000);        // free
    public static readonly MapEntry PcieEcam          = new(0x3000_0000, 0x1000_0000, 32);      // free; inputs 32–35
    public static readonly MapEntry PcieMmio          = new(0x4000_0000, 0x4000_0000);           // free
    public static readonly MapEntry Ram               = new(0x8000_0000,            0);          // as long as the configuration says

    /// <summary>What its region of memory is called.</summary>
    public const string RamName = "ram";

    public const int VirtioSlots = 8;

    /// <summary>Inputs of the PLIC, 1 to 95.</summary>
    public const int PlicSources = 95;

    public static MapEntry Virtio(int slot) =>
        new(VirtioFirst.Address + (ulong)slot * VirtioFirst.Length, VirtioFirst.Length, VirtioFirst.Interrupt + (uint)slot);
}
