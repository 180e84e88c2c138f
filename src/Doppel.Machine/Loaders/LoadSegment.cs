namespace Doppel.Machine.Loaders;

/// <summary>Bytes that belong at a guest-physical address.</summary>
/// <param name="MemoryLength">Bytes that the image occupies in memory; what <paramref name="Data"/> does not fill is zero.</param>
internal sealed record LoadSegment(ulong Address, ReadOnlyMemory<byte> Data, ulong MemoryLength)
{
    public ulong End => Address + MemoryLength;

    public bool Overlaps(ulong address, ulong length) => Address < address + length && address < End;
}
