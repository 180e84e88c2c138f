// QEMU, docs/interop/qcow2: "Host cluster management".
using System.Buffers.Binary;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A cluster of reference counts of 1 to 64 bits.</summary>
internal sealed class RefcountBlock(int index, long offset, byte[] bytes, int order)
{
    /// <summary>Which entry of the refcount table it belongs to.</summary>
    public int Index => index;

    public long Offset => offset;

    public byte[] Bytes => bytes;

    public bool IsDirty { get; set; }

    public bool IsBeingWritten { get; set; }

    public bool IsUsed { get; set; } = true;

    public ulong this[int entry]
    {
        get => order switch
        {
            4 => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2 * entry)),
            3 => bytes[entry],
            5 => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(4 * entry)),
            6 => BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(8 * entry)),
            _ => (ulong)(bytes[(entry << order) >> 3] >> ((entry << order) & 7) & Mask),
        };
        set
        {
            IsDirty = true;
            switch (order)
            {
                case 3:
                    bytes[entry] = (byte)value;
                    break;
                case 4:
                    BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * entry), (ushort)value);
                    break;
                case 5:
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * entry), (uint)value);
                    break;
                case 6:
                    BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8 * entry), value);
                    break;
                default:
                    int shift = (entry << order) & 7;
                    ref byte place = ref bytes[(entry << order) >> 3];
                    place = (byte)(place & ~(Mask << shift) | (int)value << shift);
                    break;
            }
        }
    }

    /// <summary>The largest count of that order.</summary>
    public static ulong Largest(int order) => order == 6 ? ulong.MaxValue : (1UL << (1 << order)) - 1;

    private int Mask => (1 << (1 << order)) - 1;
}
