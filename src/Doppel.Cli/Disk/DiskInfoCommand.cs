using System.CommandLine;
using System.Text.Json.Serialization;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk info IMAGE</c></summary>
internal static class DiskInfoCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path();
        Option<string?> imageFormat = ImageFlags.Format();
        var chain = new Option<bool>("--chain") { Description = "Shows the layers below, too." };
        Option<string?> format = Listing.FormatOption();
        var command = new Command("info", "Shows what an image is; also while a machine uses it.") { path, imageFormat, chain, format };
        HelpWithExamples.AddTo(command, """
            Examples:
              doppel disk info disk.qcow2
              doppel disk info --chain --format json test.qcow2
            """);
        command.SetAction(parsed => Listing.Write(context, parsed.GetValue(format),
            DiskInfo.Read(parsed.GetRequiredValue(path), ImageFlags.Options(parsed, imageFormat, null), parsed.GetValue(chain)), () => DiskJson.Default.IReadOnlyListDiskInfo,
            new("IMAGE", i => i.Path), new("FORMAT", i => i.Format), new("SIZE", i => MemorySize.Format(i.Size)), new("STORED", i => MemorySize.Format(i.StoredBytes)),
            new("CLUSTER", i => i.ClusterSize is { } size ? MemorySize.Format(size) : "-"), new("BELOW", i => i.Backing ?? "-"), new("NOTES", Notes)));
        return command;
    }

    private static string Notes(DiskInfo info)
    {
        var notes = new List<string>();
        if (info.Version == 2) notes.Add("version 2");
        if (info.RefcountBits is not (null or 16)) notes.Add($"{info.RefcountBits}-bit counts");
        if (info.LazyRefcounts == true) notes.Add("lazy counts");
        if (info.Subclusters == true) notes.Add("subclusters");
        if (info.CompressionType is not (null or "zlib")) notes.Add($"compression {info.CompressionType}");
        if (info.Snapshots.Count > 0) notes.Add($"{info.Snapshots.Count} snapshot{(info.Snapshots.Count == 1 ? "" : "s")}");
        if (info.InUse) notes.Add("in use");
        else if (info.Dirty == true) notes.Add("not closed");
        if (info.Corrupt == true) notes.Add("damaged");
        return notes.Count == 0 ? "-" : string.Join(", ", notes);
    }
}

/// <summary>A piece of a disk, as it is listed.</summary>
internal sealed record MapRow(long Start, long Length, string Kind, int Layer, long? Offset, string? File);

/// <summary>The result of a check, as it is listed.</summary>
internal sealed record CheckRow(string Image, long Errors, long Damages, long WrongCounts, long Leaks, bool Repaired, long AllocatedClusters, long CompressedClusters, long TotalClusters, long ImageEnd, IReadOnlyList<string> Messages);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<DiskInfo>))]
[JsonSerializable(typeof(IReadOnlyList<DiskSnapshotInfo>))]
[JsonSerializable(typeof(IReadOnlyList<MapRow>))]
[JsonSerializable(typeof(IReadOnlyList<CheckRow>))]
internal sealed partial class DiskJson : JsonSerializerContext;
