using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>
/// A disk image that is the disk's bytes and nothing else, in a file or on a block device of the host. Sparse where the file system is. It is locked
/// while it is open: one writer, or any number of readers, counting QEMU and its tools.
/// </summary>
public sealed class RawDisk : SynchronousDisk
{
    private readonly ImageStore _store;
    private long _length;

    internal RawDisk(ImageStore store)
    {
        _store = store;
        _length = CheckedLength(store);
    }

    public override string Path => _store.Path;

    public override DiskFormat Format => DiskFormat.Raw;

    public override long Length => Volatile.Read(ref _length);

    public override bool ReadOnly => _store.ReadOnly;

    /// <summary>Opens an image and locks it.</summary>
    /// <exception cref="DoppelException">There is none, it may not be used, it is no raw disk, or another machine has it.</exception>
    public static RawDisk Open(string path, bool readOnly = false)
    {
        ImageFile file = ImageFile.Open(path, readOnly);
        try
        {
            DiskFormats.CheckContents(file, DiskFormat.Raw, isExplicit: false);
            return new RawDisk(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal override void Read(long offset, Span<byte> buffer)
    {
        if (_store.Read(offset, buffer) < buffer.Length) throw new IOException($"{Path} has become shorter than {Length} bytes");
    }

    internal override void Write(long offset, ReadOnlySpan<byte> data) => _store.Write(offset, data);

    internal override void Flush() => _store.Flush();

    // Where there are no holes to be made, the old bytes stay, which a discard allows.
    internal override void Discard(long offset, long length) => _store.TryPunchHole(offset, length);

    internal override void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel) => _store.WriteZeroes(offset, length, mayUnmap, cancel);

    internal override void Resize(long length)
    {
        _store.SetLength(length);
        Volatile.Write(ref _length, length);
    }

    internal override BlockExtent Map(long offset, long length)
    {
        (bool isData, long end) = _store.Storage(offset);
        long piece = Math.Clamp(end - offset, 1, length);
        // Storage is given in the host's blocks, which need not be ours.
        piece = Math.Min(length, (piece + DiskRange.BlockSize - 1) / DiskRange.BlockSize * DiskRange.BlockSize);
        return isData ? new BlockExtent(piece, BlockExtentKind.Data, 0, offset) : new BlockExtent(piece, BlockExtentKind.Unallocated);
    }

    /// <summary>Makes an empty file share this one's storage, copy-on-write. False, and nothing done, where that is not possible.</summary>
    internal bool TryClone(SafeFileHandle target) => _store.TryClone(target);

    internal override void FlushFile() => _store.Flush();

    internal override void Seal()
    {
        if (ReadOnly) return;
        _store.Flush();
        _store.EndWriting();
    }

    internal override void Close() => _store.Dispose();

    private static long CheckedLength(ImageStore store)
    {
        long length = store.Length;
        if (length == 0) throw new DoppelException(ErrorKind.Failed, $"{store.Path}: the disk image is empty", $"truncate -s 1G {store.Path}");

        // A machine that rounded the length would hide the rest from the guest, or show bytes that are not there.
        if (length % DiskRange.BlockSize != 0)
        {
            throw new DoppelException(ErrorKind.Failed, $"{store.Path}: {length} bytes are not whole sectors of {DiskRange.BlockSize} bytes", $"truncate -s %{DiskRange.BlockSize} {store.Path}");
        }

        return length;
    }
}
