namespace Doppel.Core.Bus;

/// <summary>
/// A device behind memory-mapped registers. The bus enters it under the device's own lock, one access at a time; in there it may raise interrupt
/// lines and submit I/O, nothing else. It never throws for what a guest does: unknown offsets and widths read as zero and ignore writes.
/// </summary>
public interface IBusDevice
{
    /// <summary>Bytes of address space that the device answers to.</summary>
    ulong Length { get; }

    /// <param name="offset">From the device's first address; smaller than <see cref="Length"/>.</param>
    /// <param name="size">1, 2, 4 or 8 bytes; the access is naturally aligned.</param>
    /// <returns>The value, zero-extended.</returns>
    ulong Read(ulong offset, int size);

    /// <inheritdoc cref="Read"/>
    void Write(ulong offset, int size, ulong value);

    /// <summary>Back to the state after power-on. Called under the device's lock.</summary>
    void Reset();
}
