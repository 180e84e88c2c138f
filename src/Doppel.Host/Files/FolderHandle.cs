using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Host.Files;

/// <summary>A folder as something to synchronize, which the runtime's file API does not open. Linux only.</summary>
internal static partial class FolderHandle
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x8_0000;

    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle Open(string path)
    {
        SafeFileHandle handle = OpenFolder(path, ReadOnly | CloseOnExec);
        return handle.IsInvalid ? throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}") : handle;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFolder(string path, int flags);
}
