using System.CommandLine;
using Doppel.Backends.Net.Capture;
using Doppel.Cli.Disk;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Machine.Named;
using Doppel.Machine.Networks;

namespace Doppel.Cli;

/// <summary><c>doppel net capture NAME FILE</c>: records frames of a network or of a machine that runs.</summary>
internal static class NetCaptureCommand
{
    private const string NetworkPrefix = "network:", MachinePrefix = "machine:", StandardOutput = "-";

    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Which network or machine; see doppel net ls and doppel ls." };
        name.CompletionSources.Add(_ => new NetworkStore().List().Concat(new MachineStore().List().Select(m => m.Name)).Distinct());
        var file = new Argument<string>("FILE") { Description = "Where to; - is standard output." };
        var adapter = new Option<int?>("--adapter") { HelpName = "N", Description = "Of a machine with several adapters: which, from 0. Default: the first." };
        var time = new Option<string?>("--for") { HelpName = "TIME", Description = "How long (30s, 5m). Default: until Ctrl-C, or the end of the machine." };
        var command = new Command("capture", "Records the frames of a network, or of a machine's adapter, while it runs.") { name, file, adapter, time };
        command.SetAction((parsed, cancel) => RunAsync(context, parsed.GetRequiredValue(name), parsed.GetRequiredValue(file), parsed.GetValue(adapter), parsed.GetValue(time), cancel));
        HelpWithExamples.AddTo(command, """
            The file is in the pcap format, with frames as a wire would carry them: checksums completed, large ones cut. Of a network all frames are recorded that
            its machines, and its way out, send to each other; those of other segments than the first have tags. What is too fast for the file is not in it.

            Examples:
              doppel net capture lab lab.pcap
              doppel net capture web - --for 10s | tshark -r -
              doppel net capture machine:web web.pcap --adapter 1     if there is a network of that name, too
            """);
        return command;
    }

    private static async Task RunAsync(CommandContext context, string name, string file, int? adapter, string? time, CancellationToken cancel)
    {
        Func<Func<Stream>, CancellationToken, Task<long>> capture = Find(name, adapter);
        using var interruption = new Interruption(cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(interruption.Token);
        if (time is not null) limit.CancelAfter(Duration.Parse("--for", time));
        long frames = 0;
        try
        {
            frames = await capture(Open, limit.Token).ConfigureAwait(false);
        }
        catch (IOException) when (file == StandardOutput)
        {
            // Nobody reads it any more.
            return;
        }
        catch (IOException exception)
        {
            throw new DoppelException(ErrorKind.Failed, $"capture: {file} cannot be written: {exception.Message.TrimEnd('.')}", "another path", exception);
        }

        await context.Error.WriteLineAsync($"{name}: {frames} frames").ConfigureAwait(false);

        Stream Open()
        {
            Stream output = file == StandardOutput ? context.OpenOutput() : PcapWriter.Create(file);
            context.Error.WriteLine($"{name}: recording{(time is null ? "; Ctrl-C ends it" : "")}");
            return output;
        }
    }

    private static Func<Func<Stream>, CancellationToken, Task<long>> Find(string name, int? adapter)
    {
        var networks = new NetworkStore();
        var machines = new MachineStore();
        string plain = name.StartsWith(NetworkPrefix, StringComparison.Ordinal) ? name[NetworkPrefix.Length..] : name.StartsWith(MachinePrefix, StringComparison.Ordinal) ? name[MachinePrefix.Length..] : name;
        bool isNetwork = !name.StartsWith(MachinePrefix, StringComparison.Ordinal) && networks.List().Contains(plain);
        bool isMachine = !name.StartsWith(NetworkPrefix, StringComparison.Ordinal) && machines.List().Any(m => m.Name == plain);
        if (isNetwork && isMachine) throw new DoppelException(ErrorKind.Usage, $"'{name}' is a network and a machine", $"{NetworkPrefix}{name} or {MachinePrefix}{name}");
        if (isNetwork && adapter is not null) throw new DoppelException(ErrorKind.Usage, $"--adapter: {name} is a network", "leave it out, or name a machine");
        if (isNetwork) return (open, cancel) => networks.CaptureAsync(plain, open, cancel);
        if (!isMachine) throw new DoppelException(ErrorKind.NotFound, $"there is no network and no machine '{plain}'", "doppel net ls and doppel ls show which there are");
        NamedMachine machine = machines.Get(plain);
        return (open, cancel) => machine.CaptureAsync(open, adapter ?? 0, cancel);
    }
}
