using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Snapshots;
using Doppel.Core.Backends;

namespace Doppel.Tests.Unit.Backends.Disk;

/// <summary>Pages that are full of one byte, on disks and in images.</summary>
internal static class DiskBytes
{
    public static async Task FillAsync(IBlockBackend disk, long offset, byte value)
    {
        byte[] data = new byte[4096];
        data.AsSpan().Fill(value);
        await disk.WriteAsync(offset, data);
    }

    public static async Task<int> AtAsync(string path, long offset)
    {
        await using SynchronousDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        return await AtAsync(disk, offset);
    }

    public static async Task<int> AtAsync(IBlockBackend disk, long offset)
    {
        byte[] data = new byte[512];
        await disk.ReadAsync(offset, data);
        return data[0];
    }

    public static async Task<int> AtAsync(FrozenDisk disk, long offset)
    {
        byte[] data = new byte[512];
        await disk.ReadAsync(offset, data);
        return data[0];
    }
}
