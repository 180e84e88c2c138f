// SiFive test finisher ("sifive,test1"): QEMU's documentation of the virt machine and the syscon-poweroff and syscon-reboot bindings of the device tree.
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;
using Doppel.Core.Snapshot;
using Doppel.Core.Vcpu;

namespace Doppel.Devices.Power;

/// <summary>One write-only register with which the guest switches the machine off, ends it with a code, or resets it.</summary>
public sealed class TestFinisher(IMachineControl machine) : IBusDevice, ISnapshotPart, IDeviceTreeSource
{
    private const uint Fail = 0x3333;
    private const uint Pass = 0x5555;
    private const uint Restart = 0x7777;

    public ulong Length => 0x1000;

    public string SnapshotName { get; init; } = "test";

    /// <summary>The device tree's handle of this device, which the power-off and reboot nodes refer to.</summary>
    public uint Phandle { get; init; }

    public ulong Read(ulong offset, int size) => 0;

    /// <summary>16- and 32-bit writes of offset 0; the low half says what to do, the high half is the code of a failure.</summary>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset != 0 || size is not (2 or 4)) return;
        uint code = size == 4 ? (uint)value >> 16 : 0;
        switch ((uint)value & 0xffff)
        {
            case Pass:
                machine.PowerOff(0);
                break;
            case Fail:
                // A failure without a code is still not a success.
                machine.PowerOff(code == 0 ? 1 : (int)code);
                break;
            case Restart:
                machine.Reset();
                break;
        }
    }

    public void Reset()
    {
    }

    /// <summary>The device has no state.</summary>
    public void Save(SnapshotWriter writer)
    {
    }

    public void Load(SnapshotReader reader)
    {
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt)
    {
        DeviceTreeNode node = parent.Child($"test@{address:x}").Strings("compatible", "sifive,test1", "sifive,test0", "syscon").Reg(address, Length);
        if (Phandle != 0) node.Cells("phandle", Phandle);
    }

    /// <summary>Adds the nodes <c>poweroff</c> and <c>reboot</c>, which tell kernels and firmware what to write where.</summary>
    public void DescribePower(DeviceTreeNode root)
    {
        root.Child("poweroff").Strings("compatible", "syscon-poweroff").Cells("regmap", Phandle).Cells("offset", 0).Cells("value", Pass);
        root.Child("reboot").Strings("compatible", "syscon-reboot").Cells("regmap", Phandle).Cells("offset", 0).Cells("value", Restart);
    }
}
