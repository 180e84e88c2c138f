using Doppel.Core.Errors;
using Doppel.Machine.Boards;
using Doppel.Machine.Loaders;

namespace Doppel.Machine.Boot;

/// <summary>
/// Where everything goes in RAM, from its start: firmware, kernel (2 MiB in, as Linux's boot protocol wants it), … initramfs, device tree.
/// </summary>
/// <remarks>
/// The device tree has the last 2 MiB of RAM below 3 GiB (Linux maps it early, with one large page, and 32-bit loaders must reach it), with
/// OpenSBI's information structure behind it in the same 2 MiB; the initramfs ends where they begin. So the kernel has all room to grow.
/// </remarks>
internal sealed record BootLayout
{
    /// <summary>The most that a device tree may take.</summary>
    public const ulong MaxDeviceTree = 1 << 20;

    private const ulong LargePage = 2 << 20;
    private const ulong Page = 4096;
    private const ulong LowMemoryEnd = 3UL << 30;

    public required IReadOnlyList<LoadSegment> Segments { get; init; }

    /// <summary>Where firmware, or without it the kernel, starts.</summary>
    public required ulong Entry { get; init; }

    /// <summary>Where the kernel starts; without one, where firmware expects it by convention.</summary>
    public required ulong KernelEntry { get; init; }

    public required ulong InitrdAddress { get; init; }

    public required ulong DeviceTreeAddress { get; init; }

    /// <summary>OpenSBI's <c>fw_dynamic_info</c>.</summary>
    public ulong DynamicInfoAddress => DeviceTreeAddress + MaxDeviceTree;

    /// <returns>Null if it does not fit, and then there is a problem more.</returns>
    public static BootLayout? Plan(ulong memoryBytes, BootImages images, ConfigProblems problems)
    {
        ulong ram = RiscVVirtMap.Ram.Address;
        ulong ramEnd = ram + memoryBytes;
        ulong deviceTree = (Math.Min(ramEnd, LowMemoryEnd) - LargePage) & ~(LargePage - 1);
        ulong initrd = (deviceTree - (ulong)images.Initrd.Length) & ~(Page - 1);

        LoadSegment[] kernel = images.Kernel is { } k ? [.. k.Segments.Select(s => k.Relative ? s with { Address = ram + s.Address } : s)] : [];
        IReadOnlyList<LoadSegment> firmware = images.Firmware?.Segments ?? [];
        if (!Fit("kernel", kernel, ram, ramEnd, deviceTree, images, problems)) return null;
        if (!Fit("bios", firmware, ram, ramEnd, deviceTree, images, problems)) return null;
        if (firmware.FirstOrDefault(f => kernel.Any(s => s.Overlaps(f.Address, f.MemoryLength))) is { } clash)
        {
            problems.Add("bios", $"at 0x{clash.Address:x}–0x{clash.End:x} it overlaps the kernel", "use firmware of less than 2 MiB, or start the kernel without it");
            return null;
        }

        ulong entry = images.Kernel is { } started ? (started.Relative ? ram + started.Entry : started.Entry) : ram + LargePage;
        return new BootLayout
        {
            Segments = [.. firmware, .. kernel],
            Entry = images.Firmware?.Entry ?? entry,
            KernelEntry = entry,
            InitrdAddress = initrd,
            DeviceTreeAddress = deviceTree,
        };
    }

    private static bool Fit(string setting, IReadOnlyList<LoadSegment> segments, ulong ram, ulong ramEnd, ulong deviceTree, BootImages images, ConfigProblems problems)
    {
        foreach (LoadSegment segment in segments)
        {
            if (segment.Address < ram || segment.Address >= ram + (1UL << 40))
            {
                problems.Add(setting, $"it wants to be loaded to 0x{segment.Address:x}, where no RAM is", $"link it for 0x{ram:x} or above; of a Linux kernel give the Image, not vmlinux");
                return false;
            }

            // What counts is the room below the initramfs and the device tree; above them (with more than 1 GiB) programs may lie as well.
            ulong limit = segment.Address < deviceTree ? (deviceTree - (ulong)images.Initrd.Length) & ~(Page - 1) : ramEnd;
            if (segment.Address >= deviceTree && segment.Address < deviceTree + LargePage) limit = deviceTree;
            if (segment.End <= limit && limit <= ramEnd) continue;
            ulong needed = segment.End - ram + (ulong)images.Initrd.Length + 2 * LargePage;
            string what = images.Initrd.IsEmpty ? $"the {setting}" : $"the {setting} and an initrd of {images.Initrd.Length >> 20} MiB";
            if (needed > LowMemoryEnd - ram && !images.Initrd.IsEmpty)
            {
                problems.Add("initrd", $"it is too large: {images.Initrd.Length >> 20} MiB", "it must fit below 3 GiB, with the kernel; put the data on a disk", ErrorKind.InsufficientResources);
            }
            else
            {
                problems.Add("memory", $"{(ramEnd - ram) >> 20} MiB are too little for {what}", $"use at least {(needed + (1 << 20) - 1) >> 20}M", ErrorKind.InsufficientResources);
            }

            return false;
        }

        return true;
    }
}
