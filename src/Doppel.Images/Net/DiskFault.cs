using Doppel.Core.Errors;

namespace Doppel.Images.Net;

/// <summary>Turns what the operating system says about a file that we write into an error that says what to do.</summary>
internal static class DiskFault
{
    // errno(3) of Linux and macOS; .NET puts it into HResult unchanged. Windows: ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL as HRESULTs.
    private const int NoSpace = 28, FileTooLarge = 27, QuotaLinux = 122, QuotaMac = 69, ReadOnlyFileSystem = 30;
    private const int WindowsDiskFull = unchecked((int)0x8007_0070), WindowsHandleDiskFull = unchecked((int)0x8007_0027);

    internal static bool Is(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>Does something with a file of ours, and explains what the operating system has against it.</summary>
    internal static T Guard<T>(string path, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception error) when (Is(error))
        {
            throw Explain(error, path);
        }
    }

    internal static void Guard(string path, Action use) => Guard(path, () =>
    {
        use();
        return true;
    });

    internal static DoppelException Explain(Exception error, string path)
    {
        const string Hint = "free some space, or set DOPPEL_CACHE to a directory on another disk";
        return error.HResult switch
        {
            _ when error is UnauthorizedAccessException => new DoppelException(ErrorKind.Denied, $"'{path}' cannot be written: permission denied", "set DOPPEL_CACHE to a directory of your own", error),
            NoSpace or WindowsDiskFull or WindowsHandleDiskFull => new DoppelException(ErrorKind.InsufficientResources, $"no space left on the disk of '{path}'", Hint, error),
            QuotaLinux or QuotaMac => new DoppelException(ErrorKind.InsufficientResources, $"your disk quota is used up, at '{path}'", Hint, error),
            FileTooLarge => new DoppelException(ErrorKind.InsufficientResources, $"'{path}' is larger than the disk or the process's limit allows", Hint, error),
            ReadOnlyFileSystem => new DoppelException(ErrorKind.Denied, $"'{path}' is on a read-only file system", "set DOPPEL_CACHE to a directory that can be written", error),
            _ => new DoppelException(ErrorKind.Failed, $"'{path}' cannot be written: {error.Message}", "set DOPPEL_CACHE to a directory that can be written", error),
        };
    }
}
