using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Operations;

/// <summary>Puts a layer onto another one, or onto none.</summary>
public sealed record DiskRebase
{
    public required string Path { get; init; }

    public DiskOpenOptions Options { get; init; } = new();

    /// <summary>As the image is to name it; null for none.</summary>
    public string? BackingName { get; init; }

    public DiskFormat BackingFormat { get; init; } = DiskFormat.Qcow2;

    /// <summary>Only the name changes, for a layer that has moved; the disk reads differently if the new one is not the same.</summary>
    public bool NameOnly { get; init; }

    /// <summary>Afterwards the disk reads as before, unless <see cref="NameOnly"/>. Interrupted, it reads as before from the old layer.</summary>
    /// <exception cref="DoppelException">It is no qcow2 image, or one cannot be used.</exception>
    public Task RunAsync(IProgress<double>? progress = null, CancellationToken cancel = default) => Task.Run(() => Run(progress, cancel), CancellationToken.None);

    private void Run(IProgress<double>? progress, CancellationToken cancel)
    {
        SynchronousDisk disk = DiskImage.Open(Path, Options with { WithBacking = !NameOnly });
        SynchronousDisk? next = null;
        try
        {
            if (disk is not Qcow2Disk top) throw new DoppelException(ErrorKind.Usage, $"{Path}: only qcow2 images lie on others");
            if (!NameOnly)
            {
                next = BackingName is null ? null : DiskImage.Open(BackingChain.Resolve(Path, BackingName), Options with { ReadOnly = true, Format = BackingFormat });
                KeepDifferences(top, next, progress, cancel);
            }

            top.Flush();
            top.Rename(BackingName, BackingFormat);
        }
        finally
        {
            next?.Close();
            disk.Close();
        }
    }

    /// <summary>What the layer itself does not have, and reads differently from the new one below, it gets.</summary>
    private static void KeepDifferences(Qcow2Disk top, SynchronousDisk? next, IProgress<double>? progress, CancellationToken cancel)
    {
        byte[] before = new byte[DiskContents.Piece];
        byte[] after = new byte[DiskContents.Piece];
        int unit = Math.Max(512, Math.Min(top.AllocationSize, DiskContents.Piece));
        for (long at = 0; at < top.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            long most = Math.Min(top.Length - at, DiskContents.Piece - at % DiskContents.Piece);
            long length = top.OwnExtent(at, most, out bool isOwn);
            if (!isOwn)
            {
                Span<byte> old = before.AsSpan(0, (int)length);
                top.Read(at, old);
                Span<byte> now = after.AsSpan(0, (int)length);
                now.Clear();
                next?.ReadPadded(at, now);
                for (int from = 0; from < old.Length; from += unit)
                {
                    int part = Math.Min(unit, old.Length - from);
                    if (!old.Slice(from, part).SequenceEqual(now.Slice(from, part))) top.Write(at + from, old.Slice(from, part));
                }
            }

            at += length;
            progress?.Report((double)at / top.Length);
        }
    }
}
