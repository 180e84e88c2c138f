using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Machine;
using Doppel.Machine.Networks;

namespace Doppel.Cli;

/// <summary><c>doppel net create|ls|inspect|rm|capture</c>: the networks between machines that have names.</summary>
internal static class NetCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("net", "Makes, lists, records and deletes networks between machines.")
        {
            Make(context),
            List(context),
            Inspect(context),
            Remove(context),
            NetCaptureCommand.Create(context),
        };
        HelpWithExamples.AddTo(command, """
            A network is an Ethernet switch between machines of one user, in whatever processes they run. It needs no rights. Without --uplink it leads nowhere
            else: no machine of it reaches the host or another network, and addresses are for the guests to choose; with IPv6 they have some at once.

            Examples:
              doppel net create lab
              doppel net create web --uplink                  with a way out, addresses by DHCP, and names such as a.doppel
              doppel net create box --uplink restrict,allow=192.0.2.0/24:443
              doppel create --name a --net lab && doppel create --name b --net lab
              doppel run --net lab,vlan=2,locked              in a segment of its own, from its own address only
              doppel run --net lab,capture=lab.pcap           with a record for Wireshark
              doppel net inspect lab                          who is plugged in
              doppel net capture lab lab.pcap                 a record of what passes, while it does
            """);
        return command;
    }

    private static Command Make(CommandContext context)
    {
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.OneOrMore, Description = "What to call them." };
        var uplink = new Option<string?>("--uplink")
        {
            Arity = ArgumentArity.ZeroOrOne,
            HelpName = "SETTINGS",
            Description = "With a gateway that leads out, as --net user has one, for all machines: net=CIDR, restrict, loopback, no-private, no-ipv6, allow=DESTINATION, deny=DESTINATION.",
        };
        var command = new Command("create", "Makes networks.") { names, uplink };
        command.SetAction(async (parsed, _) =>
        {
            var store = new NetworkStore();
            UserNetworkSettings? settings = parsed.GetResult(uplink) is null ? null : UserNetworkSpec.ParseSettings(parsed.GetValue(uplink) ?? "");
            foreach (string name in parsed.GetRequiredValue(names))
            {
                store.Create(name, settings);
                await context.Out.WriteLineAsync(name).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Command List(CommandContext context)
    {
        Option<string?> format = Listing.FormatOption();
        var command = new Command("ls", "Lists the networks.") { format };
        command.SetAction(async (parsed, cancel) =>
        {
            var store = new NetworkStore();
            NetworkStatus[] all = await Task.WhenAll(store.List().Select(n => store.LookAsync(n, cancel))).ConfigureAwait(false);
            NetworkRow[] rows = [.. all.Select(s => new NetworkRow(s.Name, s.Machines, s.Uplink is not null, s.ProcessId == 0 ? null : s.ProcessId, s.Created))];
            Listing.Write(context, parsed.GetValue(format), rows, () => NetworkJson.Default.IReadOnlyListNetworkRow,
                new("NAME", r => r.Name), new("MACHINES", r => r.Machines.ToString(CultureInfo.InvariantCulture)), new("UPLINK", r => r.Uplink ? "yes" : ""), new("PID", r => r.ProcessId?.ToString(CultureInfo.InvariantCulture) ?? ""),
                new("CREATED", r => r.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)));
        });
        return command;
    }

    private static Command Inspect(CommandContext context)
    {
        Argument<string[]> names = Several();
        var command = new Command("inspect", "Shows networks with their ports and what these have counted, as one JSON array.") { names };
        command.SetAction(async (parsed, cancel) =>
        {
            var store = new NetworkStore();
            NetworkStatus[] all = await Task.WhenAll(parsed.GetRequiredValue(names).Select(n => store.LookAsync(n, cancel))).ConfigureAwait(false);
            await context.Out.WriteLineAsync(JsonSerializer.Serialize(all, NetworkJson.Default.IReadOnlyListNetworkStatus)).ConfigureAwait(false);
        });
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        Argument<string[]> names = Several();
        var command = new Command("rm", "Deletes networks that no machine is plugged into.") { names };
        command.SetAction(async (parsed, _) =>
        {
            var store = new NetworkStore();
            foreach (string name in parsed.GetRequiredValue(names))
            {
                store.Remove(name);
                await context.Out.WriteLineAsync(name).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Argument<string[]> Several()
    {
        var names = new Argument<string[]>("NAME") { Arity = ArgumentArity.OneOrMore, Description = "Which networks; see doppel net ls." };
        names.CompletionSources.Add(_ => new NetworkStore().List());
        return names;
    }
}

/// <summary>A network, as it is listed.</summary>
internal sealed record NetworkRow(string Name, int Machines, bool Uplink, int? ProcessId, DateTimeOffset Created);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<NetworkRow>))]
[JsonSerializable(typeof(IReadOnlyList<NetworkStatus>))]
internal sealed partial class NetworkJson : JsonSerializerContext;
