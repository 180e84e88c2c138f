using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary>The verbs that tell about machines: <c>ls</c>, <c>inspect</c>, <c>stats</c>.</summary>
internal static class MachineListing
{
    public static Command List(CommandContext context)
    {
        Option<string?> format = Listing.FormatOption();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Names only." };
        var command = new Command("ls", "Lists the machines that have names.") { format, quiet };
        command.SetAction(async (parsed, cancel) =>
        {
            IReadOnlyList<NamedMachine> machines = new MachineStore().List();
            if (parsed.GetValue(quiet))
            {
                foreach (NamedMachine machine in machines) await context.Out.WriteLineAsync(machine.Name).ConfigureAwait(false);
                return;
            }

            MachineRow[] rows = await Task.WhenAll(machines.Select(m => RowAsync(m, cancel))).ConfigureAwait(false);
            Listing.Write(context, parsed.GetValue(format), rows, () => MachineJson.Default.IReadOnlyListMachineRow,
                new("NAME", r => r.Name), new("STATE", r => r.State), new("CPUS", r => r.Cpus?.ToString(CultureInfo.InvariantCulture) ?? ""),
                new("MEMORY", r => r.MemoryBytes is { } bytes ? MemorySize.Format((long)bytes) : ""), new("IMAGE", r => r.Image ?? ""),
                new("PID", r => r.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? ""), new("CREATED", r => r.Created?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? ""));
        });
        return command;
    }

    public static Command Inspect(CommandContext context)
    {
        Argument<string[]> names = MachineNames.Several();
        var command = new Command("inspect", "Shows all that is known of machines, as one JSON array.") { names };
        command.SetAction(async (parsed, cancel) =>
        {
            var store = new MachineStore();
            MachineStatus[] all = await Task.WhenAll(parsed.GetRequiredValue(names).Select(n => store.Get(n).LookAsync(cancel))).ConfigureAwait(false);
            await context.Out.WriteLineAsync(JsonSerializer.Serialize(all, MachineJson.Default.IReadOnlyListMachineStatus)).ConfigureAwait(false);
        });
        return command;
    }

    public static Command Statistics(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        Option<string?> format = Listing.FormatOption();
        var command = new Command("stats", "Shows what a running machine and its engine have counted.") { name, format };
        command.SetAction(async (parsed, cancel) =>
        {
            IReadOnlyDictionary<string, long> counted = await new MachineStore().Get(parsed.GetRequiredValue(name)).StatisticsAsync(cancel).ConfigureAwait(false);
            StatisticRow[] rows = [.. counted.Select(c => new StatisticRow(c.Key, c.Value))];
            Listing.Write(context, parsed.GetValue(format), rows, () => MachineJson.Default.IReadOnlyListStatisticRow, new("NAME", r => r.Name), new("VALUE", r => r.Value.ToString(CultureInfo.InvariantCulture)));
        });
        return command;
    }

    /// <summary>A machine whose folder is damaged is listed, so that it can be seen and deleted.</summary>
    private static async Task<MachineRow> RowAsync(NamedMachine machine, CancellationToken cancel)
    {
        try
        {
            MachineStatus status = await machine.LookAsync(cancel).ConfigureAwait(false);
            string state = status.State.ToString().ToLowerInvariant();
            if (status.Exit is { } exit) state = $"{state} ({exit.ExitCode})";
            return new MachineRow(machine.Name, state, status.Config.Cpus, status.Config.MemoryBytes, status.Image, status.ProcessId == 0 ? null : status.ProcessId, status.Created);
        }
        catch (DoppelException exception) when (exception.Kind is ErrorKind.Corrupt or ErrorKind.Denied or ErrorKind.NotFound)
        {
            return new MachineRow(machine.Name, exception.Kind == ErrorKind.Denied ? "unreadable" : "damaged", null, null, null, null, null);
        }
    }
}

/// <summary>A machine, as it is listed.</summary>
internal sealed record MachineRow(string Name, string State, int? Cpus, ulong? MemoryBytes, string? Image, int? ProcessId, DateTimeOffset? Created);

/// <summary>Something that was counted, as it is listed.</summary>
internal sealed record StatisticRow(string Name, long Value);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<MachineRow>))]
[JsonSerializable(typeof(IReadOnlyList<MachineStatus>))]
[JsonSerializable(typeof(IReadOnlyList<StatisticRow>))]
internal sealed partial class MachineJson : JsonSerializerContext;
