using Doppel.Core.Backends;

namespace Doppel.Backends.Disk.Snapshots;

/// <summary>A disk that is now the layer below another one, and that others may still read, too: it is closed when the last one lets go.</summary>
internal sealed class LowerDisk : SynchronousDisk
{
    private readonly SharedDisk _shared;
    private readonly SynchronousDisk _disk;
    private int _closed;

    /// <param name="shared">In files; remains the caller's.</param>
    public LowerDisk(SharedDisk shared)
    {
        _shared = shared.Share();
        _disk = (SynchronousDisk)shared.Disk;
    }

    public override long Length => _disk.Length;

    public override bool ReadOnly => true;

    public override string Path => _disk.Path;

    public override DiskFormat Format => _disk.Format;

    internal override SynchronousDisk? Below => _disk.Below;

    internal override void Read(long offset, Span<byte> buffer) => _disk.Read(offset, buffer);

    internal override BlockExtent Map(long offset, long length) => _disk.Map(offset, length);

    internal override void FlushFile() => _disk.FlushFile();

    internal override void Write(long offset, ReadOnlySpan<byte> data) => throw IsBelow();

    internal override void Flush() => throw IsBelow();

    internal override void Discard(long offset, long length) => throw IsBelow();

    internal override void WriteZeroes(long offset, long length, bool mayUnmap, CancellationToken cancel) => throw IsBelow();

    internal override void Resize(long length) => throw IsBelow();

    internal override void Seal() => throw IsBelow();

    internal override void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0) _shared.Release();
    }

    private static InvalidOperationException IsBelow() => new("Only the layer above is written.");
}
