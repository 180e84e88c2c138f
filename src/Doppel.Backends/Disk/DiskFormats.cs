using Doppel.Core.Errors;

namespace Doppel.Backends.Disk;

/// <summary>
/// Which format an image has. It is never guessed from the contents alone, because a guest could write them: what the user says or the file's name, and the first
/// bytes, must agree.
/// </summary>
public static class DiskFormats
{
    private const int LongestMagic = 8;

    /// <summary>Names of formats that we know and do not read.</summary>
    private static readonly string[] Foreign = [".vmdk", ".vhd", ".vhdx", ".vdi", ".qed", ".qcow"];

    private static ReadOnlySpan<byte> Qcow2Magic => [0x51, 0x46, 0x49, 0xfb];

    /// <summary>The format that a file's name says: <c>.qcow2</c> is qcow2, all others are raw.</summary>
    public static DiskFormat OfName(string path) => path.EndsWith(".qcow2", StringComparison.OrdinalIgnoreCase) ? DiskFormat.Qcow2 : DiskFormat.Raw;

    /// <summary>The name of a format, in lower case.</summary>
    public static string Name(DiskFormat format) => format.ToString().ToLowerInvariant();

    /// <exception cref="DoppelException">The name says a format that we do not read.</exception>
    public static void CheckName(string path)
    {
        string suffix = System.IO.Path.GetExtension(path).ToLowerInvariant();
        if (Foreign.Contains(suffix)) throw new DoppelException(ErrorKind.Failed, $"{path}: {suffix[1..]} images cannot be used", $"qemu-img convert -O qcow2 {path} {System.IO.Path.ChangeExtension(path, "qcow2")}");
    }

    /// <summary>That the first bytes agree with the format.</summary>
    /// <param name="isExplicit">Whether the user said so. A disk that is raw by the user's word may begin with anything: its guest may have written it.</param>
    /// <exception cref="DoppelException">They do not.</exception>
    internal static void CheckContents(ImageStore store, DiskFormat format, bool isExplicit)
    {
        string? found = Recognize(store);
        switch (format)
        {
            case DiskFormat.Qcow2 when found != "qcow2":
                throw new DoppelException(
                    ErrorKind.Failed,
                    $"{store.Path}: is {(isExplicit ? "said" : "named")} to be qcow2, but its contents are {found ?? "not"}",
                    found is null ? "format=raw if it is a raw image, or another name" : $"qemu-img convert -O qcow2 {store.Path} new.qcow2");
            case DiskFormat.Raw when found == "qcow2" && !isExplicit:
                throw new DoppelException(ErrorKind.Failed, $"{store.Path}: is a qcow2 image, but its name does not say so", $"format=qcow2, or mv {store.Path} {System.IO.Path.ChangeExtension(store.Path, "qcow2")}");
            case DiskFormat.Raw when found is not null && !isExplicit:
                throw new DoppelException(ErrorKind.Failed, $"{store.Path}: is a {found} image; only raw and qcow2 images can be used", $"qemu-img convert -O qcow2 {store.Path} {System.IO.Path.ChangeExtension(store.Path, "qcow2")}");
        }
    }

    /// <returns>The name of the format whose first bytes these are, or null if it may be raw.</returns>
    private static string? Recognize(ImageStore store)
    {
        Span<byte> start = stackalloc byte[LongestMagic];
        ReadOnlySpan<byte> magic = start[..store.Read(0, start)];
        if (magic.StartsWith(Qcow2Magic)) return "qcow2";
        if (magic.StartsWith("KDMV"u8)) return "VMDK";
        if (magic.StartsWith("vhdxfile"u8)) return "VHDX";
        return magic.StartsWith("conectix"u8) ? "VHD" : null;
    }
}
