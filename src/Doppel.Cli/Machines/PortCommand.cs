using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Doppel.Backends.Net.User;
using Doppel.Cli.Output;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel port ls|add|rm NAME</c>: ports of the host that lead to a running machine.</summary>
internal static class PortCommand
{
    public static Command Create(CommandContext context) => new("port", "Shows and changes which ports of the host lead to a running machine.")
    {
        List(context),
        Change("add", "Makes a port of the host lead to the guest, until the machine ends; prints it.", async (machine, forward, cancel) =>
            await context.Out.WriteLineAsync((await machine.AddForwardAsync(forward, cancel).ConfigureAwait(false)).ToString()).ConfigureAwait(false)),
        Change("rm", "A port of the host leads to the guest no longer; connections that exist go on.", (machine, forward, cancel) => machine.RemoveForwardAsync(forward, cancel)),
    };

    private static Command List(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        Option<string?> format = Listing.FormatOption();
        var command = new Command("ls", "Lists the ports of the host that lead to a running machine.") { name, format };
        command.SetAction(async (parsed, cancel) =>
        {
            IReadOnlyList<PortForward> forwards = await new MachineStore().Get(parsed.GetRequiredValue(name)).ForwardsAsync(cancel).ConfigureAwait(false);
            PortRow[] rows = [.. forwards.Select(f => new PortRow(f.HostAddress.ToString(), f.HostPort, f.GuestAddress?.ToString(), f.GuestPort, f.Protocol == ForwardProtocol.Tcp ? "tcp" : "udp"))];
            Listing.Write(context, parsed.GetValue(format), rows, () => PortJson.Default.IReadOnlyListPortRow,
                new("ADDRESS", r => r.HostAddress), new("PORT", r => r.HostPort.ToString(CultureInfo.InvariantCulture)), new("GUEST", r => r.GuestAddress ?? ""),
                new("GUEST-PORT", r => r.GuestPort.ToString(CultureInfo.InvariantCulture)), new("PROTOCOL", r => r.Protocol));
        });
        return command;
    }

    private static Command Change(string verb, string description, Func<NamedMachine, PortForward, CancellationToken, Task> change)
    {
        Argument<string> name = MachineNames.One();
        var forward = new Argument<string>("FORWARD") { Description = "[[ADDRESS:]PORT:]PORT[/udp]: the host's, then the guest's; of this host only, unless an address is named." };
        var command = new Command(verb, description) { name, forward };
        command.SetAction((parsed, cancel) => change(new MachineStore().Get(parsed.GetRequiredValue(name)), PortForward.Parse(parsed.GetRequiredValue(forward)), cancel));
        return command;
    }
}

/// <summary>A line of <c>doppel port ls</c>.</summary>
internal sealed record PortRow(string HostAddress, int HostPort, string? GuestAddress, int GuestPort, string Protocol);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<PortRow>))]
internal sealed partial class PortJson : JsonSerializerContext;
