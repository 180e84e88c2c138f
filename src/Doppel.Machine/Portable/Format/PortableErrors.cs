using Doppel.Core.Errors;

namespace Doppel.Machine.Portable.Format;

/// <summary>How damaged files are told of: always with the place.</summary>
internal static class PortableErrors
{
    /// <param name="file">How the user calls the file.</param>
    /// <param name="at">The byte of the file at which what is damaged begins.</param>
    /// <param name="where">The object and its byte, if that is known.</param>
    public static DoppelException Damaged(string file, long at, string what, string? where = null) =>
        new(ErrorKind.Corrupt, $"{file}: damaged at byte {at}{(where is null ? "" : $" ({where})")}: {what}", "another copy of the file: nothing of this one is used");

    public static DoppelException NotOurs(string file) =>
        new(ErrorKind.Corrupt, $"{file}: is no file of doppel save", "doppel save NAME FILE makes one; doppel run --disk and doppel disk use images of disks");

    public static DoppelException Unknown(string file, int version) =>
        new(ErrorKind.Corrupt, $"{file}: version {version} of the format is not known here", "use the version of Doppel that made it");
}
