using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Qcow2;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;

namespace Doppel.Cli.Disk;

/// <summary>How a new qcow2 image is laid out.</summary>
internal sealed class LayoutFlags
{
    private readonly Option<string?> _cluster = ImageFlags.Text("--cluster-size", "SIZE", "Unit of allocation of a qcow2 image, 512 to 2M; default 64K.");
    private readonly Option<string?> _refcounts = ImageFlags.Text("--refcount-bits", "N", "Width of reference counts of a qcow2 image, 1 to 64; default 16.");
    private readonly Option<bool> _lazy = new("--lazy-refcounts") { Description = "Writes reference counts when the image is closed; after a crash they are repaired." };
    private readonly Option<bool> _subclusters = new("--subclusters") { Description = "Divides each cluster into 32 that are allocated by themselves." };

    private readonly Option<string?> _compression = ImageFlags.Choices<Qcow2CompressionType>("--compression", "How clusters of a qcow2 image are compressed when they are; default zlib. QEMU reads zstd from 5.1 on.");

    public LayoutFlags(Command command)
    {
        _cluster.CompletionSources.Add("4K", "16K", "64K", "128K", "1M", "2M");
        _refcounts.CompletionSources.Add("1", "2", "4", "8", "16", "32", "64");
        command.Add(_cluster);
        command.Add(_refcounts);
        command.Add(_lazy);
        command.Add(_subclusters);
        command.Add(_compression);
    }

    public Qcow2Options Read(ParseResult parsed)
    {
        bool subclusters = parsed.GetValue(_subclusters);
        var options = new Qcow2Options { LazyRefcounts = parsed.GetValue(_lazy), Subclusters = subclusters, ClusterSize = subclusters ? 128 << 10 : 64 << 10 };
        // Clusters are small enough that bytes may be written as such.
        if (parsed.GetValue(_cluster) is { } cluster) options = options with { ClusterSize = (int)Math.Min(int.MaxValue, cluster == "512" ? 512 : MemorySize.Parse(_cluster.Name, cluster)) };
        if (parsed.GetValue(_refcounts) is { } bits) options = options with { RefcountBits = WholeNumber.Parse(_refcounts.Name, bits, 1, 64) };
        if (parsed.GetValue(_compression) is { } compression) options = options with { Compression = Choice.Parse<Qcow2CompressionType>(_compression.Name, compression) };
        return options;
    }

    /// <exception cref="DoppelException">A raw image is given a layout, of which it has none.</exception>
    public void CheckUnused(ParseResult parsed, DiskFormat format)
    {
        if (format == DiskFormat.Qcow2) return;
        Option? used = new Option[] { _cluster, _refcounts, _lazy, _subclusters, _compression }.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
        if (used is not null) throw new DoppelException(ErrorKind.Usage, $"{used.Name} is for qcow2 images only", "a name that ends with .qcow2");
    }
}
