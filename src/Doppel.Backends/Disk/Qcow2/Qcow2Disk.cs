using Doppel.Core.Backends;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Qcow2;

/// <summary>A disk in a qcow2 image, with the layers below it.</summary>
public sealed class Qcow2Disk : SynchronousDisk
{
    private readonly ClusterReader _reader;
    private readonly ClusterWriter _writer;
    private readonly ClusterEraser _eraser;
    private bool _closed;

    internal Qcow2Disk(Qcow2Image image)
    {
        var claims = new ClusterClaims();
        Image = image;
        _reader = new ClusterReader(image);
        _writer = new ClusterWriter(image, _reader, claims);
        _eraser = new ClusterEraser(image, _reader, _writer, claims);
    }

    public override string Path => Image.Store.Path;

    public override DiskFormat Format => DiskFormat.Qcow2;

    public override long Length => Image.Header.Size;

    public override bool ReadOnly => Image.Store.ReadOnly;

    public override int AllocationSize => Image.Header.ClusterSize;

    internal Qcow2Image Image { get; }

    internal override SynchronousDisk? Below => Image.Backing;

    /// <summary>Whether the layer has nothing of its own, so that it reads as the one below.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (Image.Sync) return !Image.L2.L1.AsSpan().ContainsAnyExcept(0UL);
        }
    }

    /// <summary>Opens an image without the layers below it. Takes over the store, also if it fails.</summary>
    /// <exception cref="DoppelException">It is damaged, or needs something that we do not have.</exception>
    internal static Qcow2Disk Open(ImageStore store)
    {
        try
        {
            Qcow2Header header = Qcow2HeaderReader.Read(store);
            if (!store.ReadOnly)
            {
                if (header.Incompatible.HasFlag(IncompatibleFeature.Corrupt))
                    throw new DoppelException(ErrorKind.Corrupt, $"{store.Path}: the image is marked as damaged and can only be read", $"doppel disk check --repair {store.Path}");
                if (header.Incompatible.HasFlag(IncompatibleFeature.Dirty)) header = Qcow2Repair.AfterCrash(store, header);
            }

            return new Qcow2Disk(new Qcow2Image(store, header));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    internal override void Read(long offset, Span<byte> buffer)
    {
        int phase = Image.Gate.Enter();
        try
        {
            _reader.Read(offset, buffer);
        }
        finally
        {
            Image.Gate.Exit(phase);
        }
    }

    internal override void Write(long offset, ReadOnlySpan<byte> data)
    {
        Image.Commit.RunIfFull();
        Image.ThrowIfDamaged();
        int phase = Image.Gate.Enter();
        try
        {
            _writer.Write(offset, data);
        }
        catch (DoppelException exception) when (Image.NotesDamage(exception))
        {
            throw;
        }
        finally
        {
            Image.Gate.Exit(phase);
        }
    }

    internal override void Flush() => Image.Change(() => Image.Commit.Run());

    internal override void Discard(long offset, long length) => Erase(() => _eraser.Discard(offset, length));

    internal override void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel) => Erase(() => _eraser.WriteZeroes(offset, length, mayUnmap, cancel));

    internal override void Resize(long length) => Image.Change(() => new Qcow2Resize(Image, _eraser).Run(length));

    internal override BlockExtent Map(long offset, long length)
    {
        int phase = Image.Gate.Enter();
        try
        {
            return _reader.Map(offset, length);
        }
        finally
        {
            Image.Gate.Exit(phase);
        }
    }

    internal override void FlushFile() => Image.Store.Flush();

    internal override void Seal() => Image.Seal();

    internal override void Close()
    {
        if (_closed) return;
        _closed = true;
        Image.Close();
    }

    /// <summary>The longest piece that this layer has, or has not, of at most so many bytes.</summary>
    internal long OwnExtent(long offset, long most, out bool isOwn)
    {
        int phase = Image.Gate.Enter();
        try
        {
            Piece first = ClusterLookup.Find(Image, offset, most);
            isOwn = first.Kind != BlockExtentKind.Unallocated;
            return first.Length;
        }
        finally
        {
            Image.Gate.Exit(phase);
        }
    }

    /// <summary>Gives up everything that this layer has, so that it reads as the one below.</summary>
    internal void Empty()
    {
        Erase(() => _eraser.Cut(0));
        Flush();
    }

    /// <summary>Names another layer below, or none.</summary>
    internal void Rename(string? backing, DiskFormat format) => Image.Change(() => Image.Gate.Exclusive(() => WriteBacking(backing, format)));

    /// <summary>Lies on another layer from now on, which reads as the one before.</summary>
    /// <returns>The one before.</returns>
    internal SynchronousDisk PutOnto(SynchronousDisk below, string name)
    {
        SynchronousDisk before = Image.Backing!;
        string nameBefore = Image.Header.BackingName!;
        Image.Change(() => Image.Gate.Exclusive(() =>
        {
            try
            {
                WriteBacking(name, below.Format);
            }
            catch
            {
                // Who opens the file now is to find what we go on with.
                WriteBacking(nameBefore, before.Format);
                throw;
            }

            Image.Backing = below;
        }));
        return before;
    }

    private void WriteBacking(string? name, DiskFormat format)
    {
        Image.BeginWriting();
        lock (Image.Sync)
        {
            Qcow2Header header = Image.Header.With(Qcow2Extension.BackingFormat, name is null ? null : System.Text.Encoding.ASCII.GetBytes(DiskFormats.Name(format))) with { BackingName = name };
            byte[] cluster = Qcow2HeaderWriter.ToCluster(header, Path);
            Image.Store.Write(0, cluster);
            Image.Header = header;
        }

        Image.Store.Flush();
    }

    private void Erase(Action action)
    {
        Image.Commit.RunIfFull();
        Image.Change(() =>
        {
            int phase = Image.Gate.Enter();
            try
            {
                action();
            }
            finally
            {
                Image.Gate.Exit(phase);
            }
        });
    }
}
