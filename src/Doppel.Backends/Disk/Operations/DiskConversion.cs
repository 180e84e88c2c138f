using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;
using Doppel.Host.Files;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Copies a disk, with all its layers, into a new image of its own.</summary>
public sealed record DiskConversion
{
    public required string Source { get; init; }

    /// <summary>How the source is opened; it is only read.</summary>
    public DiskOpenOptions SourceOptions { get; init; } = new();

    /// <summary>A file that is not there yet; it appears when it is complete.</summary>
    public required string Target { get; init; }

    public DiskFormat TargetFormat { get; init; }

    /// <summary>For qcow2.</summary>
    public Qcow2Options Layout { get; init; } = new();

    /// <summary>Whether clusters are compressed (qcow2).</summary>
    public bool Compress { get; init; }

    /// <summary>Makes the copy. A failure or a cancellation leaves no target and the source as it was.</summary>
    /// <param name="progress">From 0 to 1.</param>
    /// <exception cref="DoppelException">Something cannot be used, or the target is there already.</exception>
    public async Task RunAsync(IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        if (Compress && TargetFormat != DiskFormat.Qcow2) throw new DoppelException(ErrorKind.Usage, "only qcow2 images can be compressed", "a qcow2 target");
        if (File.Exists(Target) || Directory.Exists(Target)) throw new DoppelException(ErrorKind.WrongState, $"{Target}: is there already", $"another name, or rm {Target}");
        string unfinished = $"{Target}.part-{Guid.NewGuid():N}";
        try
        {
            await Task.Run(() => Copy(unfinished, progress, cancel), CancellationToken.None).ConfigureAwait(false);
            FileLink.MoveToNew(unfinished, Target);
        }
        catch (IOException exception)
        {
            throw new DoppelException(ErrorKind.Failed, $"{Target}: {exception.Message.TrimEnd('.')}", inner: exception);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private void Copy(string path, IProgress<double>? progress, CancellationToken cancel)
    {
        SynchronousDisk source = DiskImage.Open(Source, SourceOptions with { ReadOnly = true });
        SynchronousDisk? target = null;
        try
        {
            if (TargetFormat == DiskFormat.Raw) DiskImage.CreateRaw(path, source.Length);
            else DiskImage.CreateQcow2(path, source.Length, Layout);
            target = DiskImage.Open(path, new DiskOpenOptions { Format = TargetFormat });
            CopyTo(source, target, progress, cancel);
            target.Flush();
        }
        finally
        {
            target?.Close();
            source.Close();
        }
    }

    private void CopyTo(SynchronousDisk source, SynchronousDisk target, IProgress<double>? progress, CancellationToken cancel)
    {
        int unit = Math.Max(target.AllocationSize, 4096);
        var compression = target is Qcow2Disk qcow2 && Compress ? new CompressedTarget(qcow2) : null;
        DiskContents.Read(source, unit, Put, at => progress?.Report((double)at / source.Length), cancel);

        void Put(long at, Memory<byte> bytes)
        {
            foreach ((int offset, int length, bool isZero) in DiskContents.Runs(bytes, unit))
            {
                if (isZero) continue;
                if (compression is not null) compression.Write(at + offset, bytes.Slice(offset, length));
                else target.Write(at + offset, bytes.Span.Slice(offset, length));
            }
        }
    }
}
