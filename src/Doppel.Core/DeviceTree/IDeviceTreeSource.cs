namespace Doppel.Core.DeviceTree;

/// <summary>A device that can describe itself to the guest.</summary>
public interface IDeviceTreeSource
{
    /// <summary>Adds the device's node below <paramref name="parent"/>.</summary>
    /// <param name="address">Where the board put it.</param>
    /// <param name="interrupt">Its input at the interrupt controller; 0 for none.</param>
    void Describe(DeviceTreeNode parent, ulong address, uint interrupt);
}
