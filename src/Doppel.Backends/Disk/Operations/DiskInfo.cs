using Doppel.Backends.Disk.Qcow2;
using Doppel.Core.Errors;

namespace Doppel.Backends.Disk.Operations;

/// <summary>What an image says of itself.</summary>
public sealed record DiskInfo
{
    public required string Path { get; init; }

    public required string Format { get; init; }

    /// <summary>Bytes that the guest sees.</summary>
    public required long Size { get; init; }

    /// <summary>Length of the file in bytes.</summary>
    public required long FileLength { get; init; }

    /// <summary>Bytes of the file that are stored: holes do not count.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>A machine is using it; what is said here may be half changed.</summary>
    public bool InUse { get; init; }

    public int? Version { get; init; }

    public int? ClusterSize { get; init; }

    public int? RefcountBits { get; init; }

    public bool? LazyRefcounts { get; init; }

    public bool? Subclusters { get; init; }

    /// <summary><c>zlib</c> or <c>zstd</c>: how clusters are compressed when they are.</summary>
    public string? CompressionType { get; init; }

    /// <summary>The last writer did not close it.</summary>
    public bool? Dirty { get; init; }

    /// <summary>It was found damaged.</summary>
    public bool? Corrupt { get; init; }

    public string? Backing { get; init; }

    public string? BackingFormat { get; init; }

    public IReadOnlyList<DiskSnapshotInfo> Snapshots { get; init; } = [];

    /// <summary>Looks at an image, also while a machine uses it.</summary>
    /// <param name="chain">Whether the layers below are told of, too.</param>
    public static IReadOnlyList<DiskInfo> Read(string path, DiskOpenOptions options, bool chain = false)
    {
        var all = new List<DiskInfo>();
        for (string? at = path; at is not null;)
        {
            SynchronousDisk disk = Open(at, options, out bool inUse);
            try
            {
                all.Add(Of(disk, inUse));
                if (!chain || disk is not Qcow2Disk { Image.Header.BackingName: { } name } layer) break;
                at = BackingChain.Resolve(at, name);
                options = options with { Format = BackingChain.Format(layer) };
                if (all.Count > Qcow2Limits.MaxLayers || all.Exists(i => System.IO.Path.GetFullPath(i.Path) == System.IO.Path.GetFullPath(at))) throw Qcow2Errors.Corrupt(path, "its layers have no end");
            }
            finally
            {
                disk.Close();
            }
        }

        return all;
    }

    private static SynchronousDisk Open(string path, DiskOpenOptions options, out bool inUse)
    {
        options = options with { ReadOnly = true, WithBacking = false };
        try
        {
            inUse = false;
            return DiskImage.Open(path, options);
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.WrongState)
        {
            inUse = true;
            return DiskImage.Open(path, options with { Locked = false });
        }
    }

    private static DiskInfo Of(SynchronousDisk disk, bool inUse)
    {
        using ImageFile file = ImageFile.Open(disk.Path, readOnly: true, locked: false);
        var info = new DiskInfo { Path = disk.Path, Format = "raw", Size = disk.Length, FileLength = file.Length, StoredBytes = Stored(file), InUse = inUse };
        if (disk is not Qcow2Disk { Image: { Header: { } header, Snapshots: { } snapshots } }) return info;
        return info with
        {
            Format = "qcow2",
            Version = header.Version,
            ClusterSize = header.ClusterSize,
            RefcountBits = header.RefcountBits,
            LazyRefcounts = header.LazyRefcounts,
            Subclusters = header.ExtendedL2,
            CompressionType = header.CompressionType == Qcow2CompressionType.Zstd ? "zstd" : "zlib",
            Dirty = header.Incompatible.HasFlag(IncompatibleFeature.Dirty),
            Corrupt = header.Incompatible.HasFlag(IncompatibleFeature.Corrupt),
            Backing = header.BackingName,
            BackingFormat = header.BackingFormat,
            Snapshots = [.. snapshots.Select(s => new DiskSnapshotInfo(s.Id, s.Name, s.Taken, s.DiskSize, s.StateSize))],
        };
    }

    private static long Stored(ImageFile file)
    {
        long stored = 0;
        for (long at = 0, length = file.Length; at < length;)
        {
            (bool isData, long end) = file.Storage(at);
            if (isData) stored += end - at;
            at = Math.Max(end, at + 1);
        }

        return stored;
    }
}

/// <summary>A snapshot in an image.</summary>
/// <param name="DiskSize">Bytes; 0 if the image does not say.</param>
/// <param name="StateSize">Bytes of machine state that another program has stored with it.</param>
public sealed record DiskSnapshotInfo(string Id, string Name, DateTimeOffset Taken, ulong DiskSize, ulong StateSize);
