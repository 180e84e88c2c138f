using System.CommandLine;
using System.Globalization;
using Doppel.Backends.Disk;
using Doppel.Backends.Disk.Operations;
using Doppel.Cli.Output;
using Doppel.Core.Backends;

namespace Doppel.Cli.Disk;

/// <summary><c>doppel disk map IMAGE</c></summary>
internal static class DiskMapCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> path = ImageFlags.Path();
        Option<string?> imageFormat = ImageFlags.Format();
        Option<bool> allow = ImageFlags.AllowBacking();
        Option<string?> format = Listing.FormatOption();
        var command = new Command("map", "Shows what of a disk is stored, where, and in which layer.") { path, imageFormat, allow, format };
        HelpWithExamples.AddTo(command, """
            Layer 0 is the image itself, 1 the one below, and so on. What no layer has is unallocated and reads as zeroes.

            Examples:
              doppel disk map disk.qcow2
              doppel disk map --format json disk.img
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            string file = parsed.GetRequiredValue(path);
            DiskOpenOptions options = ImageFlags.Options(parsed, imageFormat, allow) with { ReadOnly = true };
            SynchronousDisk disk = DiskImage.Open(file, options);
            await using (disk.ConfigureAwait(false))
            {
                string[] layers = [.. DiskInfo.Read(file, options, chain: true).Select(i => i.Path)];
                var rows = new List<MapRow>();
                for (long at = 0; at < disk.Length;)
                {
                    BlockExtent extent = await disk.MapAsync(at, disk.Length - at, interruption.Token).ConfigureAwait(false);
                    Add(rows, new MapRow(at, extent.Length, extent.Kind.ToString().ToLowerInvariant(), extent.Layer, extent.FileOffset, extent.FileOffset is null ? null : layers[extent.Layer]));
                    at += extent.Length;
                }

                Listing.Write(context, parsed.GetValue(format), rows, () => DiskJson.Default.IReadOnlyListMapRow,
                    new("START", r => Number(r.Start)), new("LENGTH", r => Number(r.Length)), new("KIND", r => r.Kind), new("LAYER", r => Number(r.Layer)),
                    new("OFFSET", r => r.Offset is { } offset ? Number(offset) : "-"), new("FILE", r => r.File ?? "-"));
            }
        });
        return command;
    }

    /// <summary>Pieces that are alike but for a table's end are one.</summary>
    private static void Add(List<MapRow> rows, MapRow row)
    {
        if (rows.Count > 0 && rows[^1] is var last && last.Kind == row.Kind && last.Layer == row.Layer && (row.Offset is null ? last.Offset is null : row.Offset == last.Offset + last.Length))
            rows[^1] = last with { Length = last.Length + row.Length };
        else rows.Add(row);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
