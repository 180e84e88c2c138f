namespace Doppel.Core.Vcpu;

/// <summary>How devices and firmware interfaces end or restart the machine. May be called from any thread; takes effect soon after.</summary>
public interface IMachineControl
{
    /// <summary>Switches the machine off. The first call decides.</summary>
    /// <param name="exitCode">What the guest reports: 0 for success.</param>
    void PowerOff(int exitCode);

    /// <summary>Restarts the machine as by its reset button.</summary>
    void Reset();
}
