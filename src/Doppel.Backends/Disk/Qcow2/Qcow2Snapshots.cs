using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>
/// Makes, restores and deletes the snapshots in an image, while no request runs. The image is marked as dirty meanwhile, so that an interruption is repaired by
/// the next opening; version 2 cannot be marked and may need a repair then.
/// </summary>
internal sealed class Qcow2Snapshots(Qcow2Image image)
{
    /// <summary>Keeps the present state of the disk under a name.</summary>
    public Qcow2Snapshot Create(string name, DateTimeOffset now)
    {
        if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > 255 || name.Any(char.IsControl)) throw new DoppelException(ErrorKind.Usage, $"'{name}' is no name for a snapshot", "1 to 255 bytes without control characters");
        if (image.Snapshots.Any(s => s.Name == name)) throw new DoppelException(ErrorKind.WrongState, $"{image.Store.Path}: there is a snapshot '{name}' already", $"another name, or doppel disk snapshot rm {image.Store.Path} {name}");
        if (image.Snapshots.Count >= Qcow2Header.MaxSnapshots) throw new DoppelException(ErrorKind.Failed, $"{image.Store.Path}: there are too many snapshots");
        Qcow2Snapshot? made = null;
        Change(() =>
        {
            ulong[] l1 = [.. image.L2.L1];
            var counts = new SnapshotCounts(image);
            counts.Retain(l1);
            long offset = new Qcow2L1(image).Place([.. l1.Select(e => e & ~L2Entry.Copied)]);
            ulong id = image.Snapshots.Select(s => ulong.TryParse(s.Id, out ulong number) ? number : 0).DefaultIfEmpty().Max() + 1;
            made = new Qcow2Snapshot
            {
                Id = id.ToString(System.Globalization.CultureInfo.InvariantCulture), Name = name, L1Offset = offset, L1Size = l1.Length,
                Taken = now, DiskSize = (ulong)image.Header.Size,
            };
            counts.FixMarks();
            WriteTable([.. image.Snapshots, made]);
        });
        return made!;
    }

    /// <summary>The disk becomes what it was; what was written since is lost.</summary>
    public void Apply(string nameOrId)
    {
        Qcow2Snapshot snapshot = Find(nameOrId);
        Change(() =>
        {
            var counts = new SnapshotCounts(image);
            ulong[] old = [.. image.L2.L1];
            ulong[] l1 = new Qcow2Tables(image.Store, image.Header).ReadL1(snapshot.L1Offset, snapshot.L1Size);
            long size = snapshot.DiskSize == 0 ? image.Header.Size : (long)Math.Min(snapshot.DiskSize, long.MaxValue);
            if (size % DiskRange.BlockSize != 0 || image.Header.L1EntriesFor(size) * 8 > Qcow2Header.MaxL1Bytes) throw Qcow2Errors.Corrupt(image.Store.Path, $"snapshot '{snapshot.Name}' has a disk of {snapshot.DiskSize} bytes");
            Array.Resize(ref l1, (int)Math.Max(l1.Length, image.Header.L1EntriesFor(size)));
            counts.Retain(l1);
            ReplaceL1(l1, size);
            counts.Release(old);
            counts.FixMarks();
        });
    }

    public void Delete(string nameOrId)
    {
        Qcow2Snapshot snapshot = Find(nameOrId);
        Change(() =>
        {
            ulong[] l1 = new Qcow2Tables(image.Store, image.Header).ReadL1(snapshot.L1Offset, snapshot.L1Size);
            WriteTable([.. image.Snapshots.Where(s => s != snapshot)]);
            var counts = new SnapshotCounts(image);
            counts.Release(l1);
            FreeArea(snapshot.L1Offset, 8L * snapshot.L1Size);
            counts.FixMarks();
        });
    }

    private Qcow2Snapshot Find(string nameOrId) =>
        image.Snapshots.FirstOrDefault(s => s.Name == nameOrId) ?? image.Snapshots.FirstOrDefault(s => s.Id == nameOrId)
        ?? throw new DoppelException(ErrorKind.NotFound, $"{image.Store.Path}: there is no snapshot '{nameOrId}'", $"doppel disk snapshot ls {image.Store.Path}");

    private void Change(Action action) => image.Change(() => image.Gate.Exclusive(() =>
    {
        image.Commit.Run(withRefcounts: true);
        image.BeginWriting();
        image.MarkDirty(true);
        try
        {
            action();
        }
        catch (DoppelException exception) when (exception.Kind != ErrorKind.Corrupt)
        {
            // Refused before anything was changed for good.
            Finish();
            throw;
        }

        Finish();
    }));

    private void Finish()
    {
        image.Commit.Run(withRefcounts: true);
        if (!image.Header.LazyRefcounts) image.MarkDirty(false);
    }

    private void ReplaceL1(ulong[] l1, long size)
    {
        Qcow2Header old = image.Header;
        long offset = new Qcow2L1(image).Place(l1);
        lock (image.Sync)
        {
            foreach (ulong entry in l1.Where(e => e != 0)) image.Metadata.Add(L2Entry.Offset(entry) >> old.ClusterBits);
            image.L2.Replace(l1);
            image.Header = image.Header with { L1Offset = offset, L1Size = l1.Length, Size = size };
        }

        Qcow2HeaderWriter.WriteSizeAndL1(image.Store, image.Header);
        image.Store.Flush();
        FreeArea(old.L1Offset, 8L * old.L1Size);
    }

    private void WriteTable(IReadOnlyList<Qcow2Snapshot> snapshots)
    {
        Qcow2Header old = image.Header;
        long oldSize = image.Snapshots.Count == 0 ? 0 : Qcow2SnapshotTable.Size(image.Snapshots);
        long offset = snapshots.Count == 0 ? 0 : new Qcow2L1(image).PlaceBytes(Qcow2SnapshotTable.ToBytes(snapshots), "the snapshot table");
        lock (image.Sync) image.Header = image.Header with { SnapshotCount = snapshots.Count, SnapshotsOffset = offset };
        Qcow2HeaderWriter.WriteSnapshotTable(image.Store, image.Header);
        image.Store.Flush();
        image.Snapshots = snapshots;
        FreeArea(old.SnapshotsOffset, oldSize);
    }

    private void FreeArea(long offset, long bytes)
    {
        if (bytes == 0) return;
        lock (image.Sync)
        {
            image.Metadata.Release(offset, bytes);
            image.Free(offset >> image.Header.ClusterBits, (bytes + image.Header.ClusterSize - 1) >> image.Header.ClusterBits, punch: false);
        }
    }
}
