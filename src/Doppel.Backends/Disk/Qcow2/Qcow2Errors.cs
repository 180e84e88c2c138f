using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>What is said of images that cannot be used.</summary>
internal static class Qcow2Errors
{
    /// <summary>The image contradicts the format or itself.</summary>
    public static DoppelException Corrupt(string path, string what) =>
        new(ErrorKind.Corrupt, $"{path}: the qcow2 image is damaged: {what}", $"doppel disk check {path}");

    /// <summary>The image is right, but uses something that we do not have.</summary>
    public static DoppelException Unsupported(string path, string what, string hint) => new(ErrorKind.Failed, $"{path}: {what}", hint);
}
