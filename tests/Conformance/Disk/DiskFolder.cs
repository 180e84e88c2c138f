namespace Doppel.Tests.Conformance.Disk;

/// <summary>A folder for images, in memory where that can be had: what is tested is not the host's storage, and each flush would wait for it.</summary>
internal static class DiskFolder
{
    private const string Memory = "/dev/shm";

    public static string Make()
    {
        string parent = Directory.Exists(Memory) ? Memory : Path.GetTempPath();
        string folder = Path.Combine(parent, $"doppel-disk-{Guid.NewGuid():N}");
        return Directory.CreateDirectory(folder).FullName;
    }
}
