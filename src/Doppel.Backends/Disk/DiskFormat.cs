using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>Tells images that are not raw by their first bytes, because a guest could make nothing of them.</summary>
internal static class DiskFormat
{
    private const int LongestMagic = 8;

    private static ReadOnlySpan<byte> Qcow2 => [0x51, 0x46, 0x49, 0xfb];

    /// <returns>The format's name, or null if it may be raw.</returns>
    public static string? Recognize(SafeFileHandle file)
    {
        byte[] start = new byte[LongestMagic];
        int length = RandomAccess.Read(file, start, 0);
        ReadOnlySpan<byte> magic = start.AsSpan(0, length);
        if (magic.StartsWith(Qcow2)) return "qcow2";
        if (magic.StartsWith("KDMV"u8)) return "VMDK";
        if (magic.StartsWith("vhdxfile"u8)) return "VHDX";
        return magic.StartsWith("conectix"u8) ? "VHD" : null;
    }
}
