using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Doppel.Cli.Machines;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine.Named;
using Doppel.Machine.Snapshots;

namespace Doppel.Cli.Snapshots;

/// <summary>The verbs that tell about snapshots: <c>ls</c>, <c>tree</c>, <c>diff</c>.</summary>
internal static class SnapshotListing
{
    public static Command List(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Option<string?> format = Listing.FormatOption();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Names only." };
        var command = new Command("ls", "Lists the snapshots of a machine, the oldest first.") { machine, format, quiet };
        HelpWithExamples.AddTo(command, """
            SIZE is what a snapshot added to its parent; the star marks the one on which the machine's present state is built.
            """);
        command.SetAction(async (parsed, _) =>
        {
            Machine.Snapshots.SnapshotListing all = new MachineStore().Get(parsed.GetRequiredValue(machine)).Snapshots.List();
            if (parsed.GetValue(quiet))
            {
                foreach (SnapshotInfo info in all.Snapshots) await context.Out.WriteLineAsync(info.Name).ConfigureAwait(false);
            }
            else
            {
                SnapshotRow[] rows = [.. all.Snapshots.Select(Row)];
                Listing.Write(context, parsed.GetValue(format), rows, () => SnapshotJson.Default.IReadOnlyListSnapshotRow,
                    new("NAME", r => r.Current ? r.Name + " *" : r.Name), new("PARENT", r => r.Parent ?? ""), new("CREATED", r => r.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
                    new("STATE", r => r.State), new("SIZE", r => MemorySize.Format(r.StoredBytes)), new("COMMENT", r => r.Comment ?? ""));
            }

            Complain(all.Problems);
        });
        return command;
    }

    public static Command Tree(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        var command = new Command("tree", "Draws which snapshot of a machine was made on which.") { machine };
        command.SetAction(parsed =>
        {
            Machine.Snapshots.SnapshotListing all = new MachineStore().Get(parsed.GetRequiredValue(machine)).Snapshots.List();
            foreach (string line in SnapshotTree.Draw(all.Snapshots)) context.Out.WriteLine(line);
            Complain(all.Problems);
        });
        return command;
    }

    public static Command Difference(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Argument<string> old = SnapshotNames.One(machine, "OLD", "Which snapshot.");
        Argument<string> now = SnapshotNames.One(machine, "NEW", "With which one to compare it.");
        Option<string?> format = Listing.FormatOption();
        var command = new Command("diff", "Shows what differs between two snapshots: pages of memory, clusters of disks, fields of devices.") { machine, old, now, format };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotStore store = new MachineStore().Get(parsed.GetRequiredValue(machine)).Snapshots;
            IReadOnlyList<SnapshotChange> changes = await store.CompareAsync(parsed.GetRequiredValue(old), parsed.GetRequiredValue(now), cancel).ConfigureAwait(false);
            SnapshotChange[] rows = [.. changes.Where(c => c.Changed > 0)];
            Listing.Write(context, parsed.GetValue(format), rows, () => SnapshotJson.Default.IReadOnlyListSnapshotChange,
                new("WHAT", r => r.What), new("CHANGED", r => r.Changed.ToString(CultureInfo.InvariantCulture)), new("OF", r => r.Total.ToString(CultureInfo.InvariantCulture)), new("UNIT", r => r.Unit),
                new("FIELDS", r => string.Join(' ', r.Fields)));
        });
        return command;
    }

    private static SnapshotRow Row(SnapshotInfo info) => new(info.Name, info.Parent, info.Created, info.IsLive ? "machine" : "disks", info.StoredBytes, info.IsCurrent, info.Comment);

    /// <summary>Snapshots that cannot be read are not listed, but not passed over in silence either.</summary>
    private static void Complain(IReadOnlyList<DoppelException> problems)
    {
        if (problems.Count > 0) throw new DoppelException(problems[0].Kind, string.Join('\n', problems.Select(p => p.Message)), string.Join('\n', problems.Select(p => p.Hint).OfType<string>().Distinct()));
    }
}

/// <summary>A snapshot, as it is listed.</summary>
internal sealed record SnapshotRow(string Name, string? Parent, DateTimeOffset Created, string State, long StoredBytes, bool Current, string? Comment);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<SnapshotRow>))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotChange>))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
