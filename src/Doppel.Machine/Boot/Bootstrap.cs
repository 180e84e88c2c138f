using System.Buffers.Binary;
using Doppel.Machine.Boards;
using Doppel.Machine.Loaders;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Sbi;

namespace Doppel.Machine.Boot;

/// <summary>
/// Puts a machine into the state in which software begins: RAM cleared and loaded, harts at their entry. Done when it is built and at each reset.
/// </summary>
/// <param name="firmware">The machine's own SBI if it boots a kernel directly; null if firmware is booted.</param>
internal sealed class Bootstrap(RiscVVirt board, BootPlan plan, SupervisorFirmware? firmware, HtifWatcher? htif)
{
    // OpenSBI include/sbi/fw_dynamic.h, version 2 of the structure.
    private const ulong DynamicInfoMagic = 0x4942534f;
    private const ulong DynamicInfoVersion = 2;
    private const ulong NextModeSupervisor = 1;

    /// <summary>The device tree of the last boot.</summary>
    public ReadOnlyMemory<byte> DeviceTree { get; private set; }

    /// <summary>Only while no processor and no device runs.</summary>
    public void Boot()
    {
        BootLayout layout = plan.Layout;
        htif?.Stop();
        board.Ram.Clear();
        foreach (LoadSegment segment in layout.Segments) Load(segment.Address, segment.Data.Span);
        Load(layout.InitrdAddress, plan.Images.Initrd.Span);

        // A new one each time: the seed for the guest's random numbers must not repeat.
        DeviceTree = board.DescribeAll(layout, plan.Images);
        Load(layout.DeviceTreeAddress, DeviceTree.Span);
        if (firmware is not null) BootKernel(firmware);
        else BootFirmware();
        htif?.Start();
    }

    /// <summary>Instead of a boot: RAM and processors have got the state of a machine that booted with this device tree. Only while no device runs.</summary>
    public void Adopt(ReadOnlyMemory<byte> deviceTree)
    {
        DeviceTree = deviceTree;
        htif?.Start();
    }

    /// <summary>Linux's boot protocol: S-mode, a0 the hart's id, a1 the device tree; the other harts wait for the SBI's hart start.</summary>
    private void BootKernel(SupervisorFirmware sbi)
    {
        sbi.Boot(plan.Layout.Entry, plan.Layout.DeviceTreeAddress);
    }

    /// <summary>All harts start in M-mode and find out among themselves which one goes on: a0 is the hart's id, a1 the device tree, a2 OpenSBI's structure.</summary>
    private void BootFirmware()
    {
        Span<byte> info = stackalloc byte[48];
        ReadOnlySpan<ulong> fields = [DynamicInfoMagic, DynamicInfoVersion, plan.Layout.KernelEntry, NextModeSupervisor, 0, 0];
        for (int i = 0; i < fields.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(info[(i * 8)..], fields[i]);
        Load(plan.Layout.DynamicInfoAddress, info);
        foreach (RiscVHart hart in board.Harts)
        {
            hart.SetEntry(plan.Layout.Entry, (ulong)hart.Id, plan.Layout.DeviceTreeAddress, plan.Layout.DynamicInfoAddress, PrivilegeMode.Machine);
        }
    }

    private void Load(ulong address, ReadOnlySpan<byte> data)
    {
        if (!board.Memory.TryWrite(address, data)) throw new InvalidOperationException($"There is no RAM at 0x{address:x} for {data.Length} bytes: the layout is wrong.");
    }
}
