namespace Doppel.Machine.Named;

/// <summary>Folders that are the user's alone: whoever can reach a machine's socket commands the machine.</summary>
internal static class PrivateFolder
{
    /// <summary>Makes it, if it is not there.</summary>
    public static void Create(string path)
    {
        if (Directory.Exists(path)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
