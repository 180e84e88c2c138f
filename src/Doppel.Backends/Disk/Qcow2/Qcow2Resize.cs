namespace Doppel.Backends.Disk.Qcow2;

/// <summary>Makes the disk of an image larger or smaller. Snapshots keep their sizes.</summary>
internal sealed class Qcow2Resize(Qcow2Image image, ClusterEraser eraser)
{
    public void Run(long length)
    {
        long old = image.Header.Size;
        if (length == old) return;
        if (image.Header.L1EntriesFor(length) * 8 > Qcow2Header.MaxL1Bytes) throw new IOException($"{length} bytes are too large for clusters of {image.Header.ClusterSize} bytes");
        image.Commit.Run();
        // What is beyond the new end goes while it is still on the disk.
        if (length < old) InRequest(() => eraser.Cut(length));
        image.Gate.Exclusive(() =>
        {
            image.Commit.Run();
            SetSize(length);
        });
        if (length > old) InRequest(() => eraser.Clear(old, length));
        image.Commit.Run();
    }

    private void SetSize(long length)
    {
        Qcow2Header header = image.Header with { Size = length };
        image.BeginWriting();
        long needed = header.L1EntriesFor(length);
        if (needed > header.L1Size) header = MoveL1(header, (int)needed);
        Qcow2HeaderWriter.WriteSizeAndL1(image.Store, header);
        image.Store.Flush();
        lock (image.Sync) image.Header = image.Header with { Size = header.Size, L1Size = header.L1Size, L1Offset = header.L1Offset };
    }

    private Qcow2Header MoveL1(Qcow2Header header, int entries)
    {
        ulong[] l1 = image.L2.L1;
        Array.Resize(ref l1, entries);
        long offset = new Qcow2L1(image).Place(l1);
        long oldBytes = 8L * header.L1Size;
        lock (image.Sync)
        {
            image.Metadata.Release(header.L1Offset, oldBytes);
            image.Free(header.L1Offset >> header.ClusterBits, (oldBytes + header.ClusterSize - 1) >> header.ClusterBits, punch: false);
            image.L2.Replace(l1);
        }

        return header with { L1Size = entries, L1Offset = offset };
    }

    private void InRequest(Action action)
    {
        int phase = image.Gate.Enter();
        try
        {
            action();
        }
        finally
        {
            image.Gate.Exit(phase);
        }
    }
}
