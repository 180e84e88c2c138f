using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>Where a folder is.</summary>
public static class FolderPath
{
    /// <summary>The path of a folder with all links followed; null where the system does not tell, or there is none.</summary>
    public static string? Of(string path)
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists(path)) return null;
        using SafeFileHandle folder = FolderHandle.Open(path);
        return FilePath.Of(folder);
    }
}
