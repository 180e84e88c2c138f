using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>Where an open file is.</summary>
public static class FilePath
{
    /// <summary>The path of an open file with all links followed, so that nobody can exchange it between the question and the use; null where the system does not tell.</summary>
    public static string? Of(SafeFileHandle file) =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget : null;
}
