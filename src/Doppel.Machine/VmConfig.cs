using Doppel.Core.Trace;

namespace Doppel.Machine;

/// <summary>
/// Everything that makes one machine, and nothing that changes while it runs. Files are named here and read when the machine is built.
/// </summary>
/// <remarks>
/// Either <see cref="Kernel"/> (booted directly, the machine itself serves the SBI), or <see cref="Bios"/> (firmware or a bare-metal program in
/// M-mode), or both (the firmware is handed the kernel).
/// </remarks>
public sealed record VmConfig
{
    /// <summary>Shown in messages and thread names.</summary>
    public string Name { get; init; } = "vm";

    /// <summary>Number of virtual processors, 1 to 8.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>RAM in bytes: a multiple of 4 KiB, at least 32 MiB.</summary>
    public ulong MemoryBytes { get; init; } = 512UL << 20;

    public CpuConfig Cpu { get; init; } = new();

    public EngineKind Engine { get; init; } = EngineKind.Auto;

    /// <summary>Bytes of memory for translated code, 2 MiB to 1 GiB; null is the translator's own choice, 256 MiB. Taken as far as it is used.</summary>
    public ulong? CodeCacheBytes { get; init; }

    /// <summary>What the guest's time is made of. With <see cref="ClockKind.Virtual"/> runs repeat: <c>docs/determinism.md</c>.</summary>
    public ClockKind Clock { get; init; }

    /// <summary>Under the virtual clock, what the guest's random numbers are made from; null is 0.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Under the virtual clock, the guest's wall clock when the machine is switched on; null is the beginning of 2026, UTC.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>A kernel: a RISC-V <c>Image</c>, optionally compressed with gzip, or a 64-bit RISC-V ELF file.</summary>
    public string? Kernel { get; init; }

    /// <summary>An initial RAM file system for the kernel.</summary>
    public string? Initrd { get; init; }

    /// <summary>Further initramfs archives, put behind <see cref="Initrd"/> in this order; the kernel unpacks them over one another.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> InitrdExtras { get; init; } = [];

    /// <summary>The kernel's command line.</summary>
    public string Append { get; init; } = "";

    /// <summary>Firmware or a bare-metal program, started in M-mode: a raw image for 0x80000000 or a 64-bit RISC-V ELF file.</summary>
    public string? Bios { get; init; }

    /// <summary>Disks on virtio-blk, in the order in which the guest names them: <c>vda</c>, <c>vdb</c>, ….</summary>
    public IReadOnlyList<DiskConfig> Disks { get; init; } = [];

    /// <summary>Network adapters on virtio-net, in the order in which the guest names them: <c>eth0</c>, <c>eth1</c>, ….</summary>
    public IReadOnlyList<NetworkConfig> Networks { get; init; } = [];

    /// <summary>Whether there is a virtio console (<c>hvc0</c>) beside the serial port.</summary>
    public bool VirtioConsole { get; init; } = true;

    /// <summary>Names of further byte channels of the virtio console, as the guest sees them in <c>/sys/class/virtio-ports/*/name</c>.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary>
    /// Changes to the device tree, each <c>PATH:NAME=VALUE</c> with a value as in device tree source (<c>"text"</c>, <c>&lt;1 0x2&gt;</c>,
    /// <c>[00 ff]</c>), <c>PATH:NAME</c> for a property without value, or <c>PATH:NAME=delete</c>.
    /// </summary>
    public IReadOnlyList<string> DeviceTreeChanges { get; init; } = [];

    /// <summary>When the guest asks for a restart, the machine ends instead.</summary>
    public bool NoReboot { get; init; }

    /// <summary>What to trace; the lines go to <see cref="VmHost.TraceLine"/>.</summary>
    public TraceCategory Trace { get; init; }
}
