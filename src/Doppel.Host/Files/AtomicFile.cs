using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>Files that are either as they were or as they are to be, also after a power cut.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file, or replaces it, at once. On stable storage when it returns.</summary>
    /// <exception cref="IOException">The host could not do it; the file is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = $"{path}.{Guid.NewGuid():n}.new";
        try
        {
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                RandomAccess.Write(file, content, 0);
                FileRange.Flush(file);
            }

            File.Move(temporary, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The names in a folder are on stable storage when it returns, where the host can say so.</summary>
    public static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux()) return;
        using SafeFileHandle folder = FolderHandle.Open(path);
        FileRange.Flush(folder);
    }
}
