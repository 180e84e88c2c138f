namespace Doppel.Core.Interrupts;

/// <summary>A level-sensitive wire from a device to an interrupt controller or a processor. May be driven from any thread.</summary>
public interface IInterruptLine
{
    /// <summary>Drives the wire. Setting the level that it has already is harmless.</summary>
    void Set(bool level);
}
