using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Checks an image, and repairs what can be made anew from its tables.</summary>
public static class DiskCheck
{
    /// <param name="repair">Whether leaks, counts and marks are put right. An image that is damaged beyond these is not touched.</param>
    /// <returns>What was found, and what is left of it after a repair (null without one).</returns>
    /// <exception cref="DoppelException">It is no qcow2 image, cannot be opened, or cannot be repaired.</exception>
    public static Task<(Qcow2CheckResult Found, Qcow2CheckResult? Left)> RunAsync(string path, DiskOpenOptions options, bool repair, IProgress<double>? progress = null, CancellationToken cancel = default) => Task.Run(() =>
    {
        if ((options.Format ?? DiskFormats.OfName(path)) == DiskFormat.Raw) throw new DoppelException(ErrorKind.Usage, $"{path}: raw images hold nothing that could be checked", "a qcow2 image");
        using ImageFile file = ImageFile.Open(path, readOnly: !repair);
        DiskFormats.CheckContents(file, DiskFormat.Qcow2, options.Format is not null);
        Qcow2Header header = Qcow2HeaderReader.Read(file, forCheck: true);
        Qcow2Checker checker = Check(header);
        if (!repair || checker.Result.Damages > 0) return (checker.Result, null);
        cancel.ThrowIfCancellationRequested();
        header = Qcow2Repair.Run(file, header, checker);
        return (checker.Result, (Qcow2CheckResult?)Check(header).Result);

        Qcow2Checker Check(Qcow2Header current)
        {
            var made = new Qcow2Checker(file, current, progress, cancel);
            made.Run();
            return made;
        }
    }, cancel);
}
