using Doppel.Images.Archives;

namespace Doppel.Images.Guests;

/// <summary>A file that a guest shall have.</summary>
/// <param name="Path">Where, from the root.</param>
/// <param name="Mode">Its permissions.</param>
public sealed record GuestFile(string Path, ReadOnlyMemory<byte> Content, UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

/// <summary>Files of one's own for a guest that starts from an initramfs.</summary>
public static class GuestFiles
{
    /// <summary>An archive to append to the guest's initramfs. It replaces files that are there already, <c>init</c> too.</summary>
    /// <exception cref="InvalidDataException">A path leads out of the archive.</exception>
    public static byte[] ToArchive(params IEnumerable<GuestFile> files)
    {
        using MemoryStream output = new();
        CpioWriter archive = new(output);
        foreach (GuestFile file in files) archive.File(file.Path, file.Content.Span, (uint)file.Mode);
        archive.Finish();
        return output.ToArray();
    }
}
