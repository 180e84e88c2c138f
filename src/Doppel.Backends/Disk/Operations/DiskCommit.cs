using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Host.Files;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Writes what a layer holds into the layer below it. Other layers on the one below are worth nothing afterwards.</summary>
public static class DiskCommit
{
    /// <summary>Afterwards the image is empty and reads as before. Interrupted, both still read as before, and the commit can be done again.</summary>
    /// <returns>The image that was written.</returns>
    /// <exception cref="DoppelException">There is no layer below, or one cannot be used, or the lower file has several names.</exception>
    public static Task<string> RunAsync(string path, DiskOpenOptions options, IProgress<double>? progress = null, CancellationToken cancel = default) => Task.Run(() =>
    {
        // Opened once with its layers, so that what it names is checked as always.
        DiskImage.Open(path, options with { ReadOnly = true }).Close();
        SynchronousDisk top = DiskImage.Open(path, options with { WithBacking = false });
        SynchronousDisk? below = null;
        try
        {
            if (top is not Qcow2Disk { Image.Header.BackingName: { } name } layer) throw new DoppelException(ErrorKind.WrongState, $"{path}: there is no layer below to commit to");
            string target = BackingChain.Resolve(path, name);
            if (FileLink.Count(target) > 1) throw new DoppelException(ErrorKind.WrongState, $"{target}: has further names, so that others may have layers on it, such as children of a machine", $"cp {target} NEW, doppel disk rebase --name-only --backing NEW {path}, and once more");
            below = DiskImage.Open(target, options with { ReadOnly = false, Format = BackingChain.Format(layer), AllowBackingAnywhere = options.AllowBackingAnywhere });
            if (below.Length < top.Length) below.Resize(top.Length);
            Copy(top, below, progress, cancel);
            below.Flush();
            layer.Empty();
            return target;
        }
        finally
        {
            below?.Close();
            top.Close();
        }
    }, CancellationToken.None);

    private static void Copy(SynchronousDisk top, SynchronousDisk below, IProgress<double>? progress, CancellationToken cancel)
    {
        byte[] buffer = new byte[DiskContents.Piece];
        for (long at = 0; at < top.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            BlockExtent extent = top.Map(at, Math.Min(top.Length - at, DiskContents.Piece));
            if (extent.Kind == BlockExtentKind.Zero)
            {
                below.WriteZeroes(at, extent.Length, mayUnmap: true, cancel);
            }
            else if (extent.Kind != BlockExtentKind.Unallocated)
            {
                top.Read(at, buffer.AsSpan(0, (int)extent.Length));
                below.Write(at, buffer.AsSpan(0, (int)extent.Length));
            }

            at += extent.Length;
            progress?.Report((double)at / top.Length);
        }
    }
}
