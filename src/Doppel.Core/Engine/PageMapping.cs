using Doppel.Core.Memory;

namespace Doppel.Core.Engine;

/// <summary>Where a virtual page is.</summary>
/// <param name="Region">The RAM that holds it.</param>
/// <param name="Offset">Of the page in the region; a multiple of 4096.</param>
/// <param name="Global">The translation holds in every address space of the processor.</param>
public readonly record struct PageMapping(MemoryRegion Region, ulong Offset, bool Global)
{
    /// <summary>The 1, 2, 4 or 8 bytes at a place of the page, zero-extended.</summary>
    public ulong Load(ulong place, int size) => size switch
    {
        1 => Region.Read8(Offset + place),
        2 => Region.Read16(Offset + place),
        4 => Region.Read32(Offset + place),
        _ => Region.Read64(Offset + place),
    };

    /// <summary>Writes the low 1, 2, 4 or 8 bytes; the page is dirty already.</summary>
    public void Store(ulong place, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                Region.Write8(Offset + place, (byte)value);
                break;
            case 2:
                Region.Write16(Offset + place, (ushort)value);
                break;
            case 4:
                Region.Write32(Offset + place, (uint)value);
                break;
            default:
                Region.Write64(Offset + place, value);
                break;
        }
    }
}
