using Microsoft.Win32.SafeHandles;

namespace Doppel.Backends.Disk;

/// <summary>The bytes that a disk image is made of. Calls are synchronous and may come from several threads at a time.</summary>
internal abstract class ImageStore : IDisposable
{
    /// <summary>Zeroes are written in pieces of this size where they cannot be made.</summary>
    private const int ZeroPiece = 1 << 20;

    /// <summary>How messages name the image.</summary>
    public abstract string Path { get; }

    public abstract bool ReadOnly { get; }

    /// <summary>Bytes.</summary>
    public abstract long Length { get; }

    public abstract void SetLength(long length);

    /// <summary>Fills the buffer; what is beyond the end is zeroes.</summary>
    /// <returns>How many bytes there were.</returns>
    public abstract int Read(long offset, Span<byte> buffer);

    /// <summary>Writes, beyond the end too.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>What was written before is on stable storage when it returns.</summary>
    public abstract void Flush();

    /// <summary>Gives storage back; the range reads as zeroes then. False, and nothing done, where that is not possible.</summary>
    public abstract bool TryPunchHole(long offset, long length);

    /// <summary>Makes a range zeroes without writing them. False, and nothing done, where that is not possible.</summary>
    public abstract bool TryZero(long offset, long length);

    /// <summary>Where bytes are stored: whether there are any at the offset, and until where that is so (at most the end).</summary>
    public virtual (bool IsData, long End) Storage(long offset) => (true, Length);

    /// <summary>Makes an empty file share the storage of this one, copy-on-write. False, and nothing done, where that is not possible.</summary>
    public virtual bool TryClone(SafeFileHandle target) => false;

    /// <summary>Makes a range zeroes, by whatever way there is.</summary>
    public void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel = default)
    {
        if (length == 0 || mayUnmap && TryPunchHole(offset, length) || TryZero(offset, length)) return;
        byte[] zeroes = new byte[Math.Min(length, ZeroPiece)];
        for (long end = offset + length; offset < end; offset += zeroes.Length)
        {
            cancel.ThrowIfCancellationRequested();
            Write(offset, zeroes.AsSpan(0, (int)Math.Min(zeroes.Length, end - offset)));
        }
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Nothing is written any more: others may read it from now on.</summary>
    public abstract void EndWriting();

    protected abstract void Dispose(bool disposing);
}
