namespace Doppel.Backends.Disk;

/// <summary>The rules of <see cref="Doppel.Core.Backends.IBlockBackend"/> for offsets and lengths.</summary>
internal static class DiskRange
{
    public const int BlockSize = 512;

    /// <exception cref="IOException">The range is not aligned or not on the disk.</exception>
    public static void Check(long offset, long length, long diskLength)
    {
        if (offset < 0 || length < 0 || offset > diskLength || length > diskLength - offset)
            throw new IOException($"{length} bytes at {offset} are beyond the end of the disk, {diskLength} bytes");
        if (offset % BlockSize != 0 || length % BlockSize != 0) throw new IOException($"{length} bytes at {offset} are not whole blocks of {BlockSize} bytes");
    }
}
