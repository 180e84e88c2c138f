using System.CommandLine;
using Doppel.Cli.Disk;
using Doppel.Cli.Machines;
using Doppel.Cli.Output;
using Doppel.Core.Errors;
using Doppel.Machine;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;

namespace Doppel.Cli.Portable;

/// <summary><c>doppel load FILE</c>: a machine of a file that <c>doppel save</c> made.</summary>
internal static class LoadCommand
{
    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "What doppel save made. - is standard input." };
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What to call the machine; default: as it was called." };
        Option<string?> engine = ImageFlags.Choices<EngineKind>("--engine", "What runs it; default: as before.");
        var paused = new Option<bool>("--paused") { Description = "One that was running waits for doppel resume." };
        var noStart = new Option<bool>("--no-start") { Description = "One that was running or paused goes on only when it is started." };
        var keep = new Option<bool>("--keep-network") { Description = "Its networks may reach what they could before: published ports, the host's loopback, destinations that were opened." };
        var check = new Option<bool>("--check") { Description = "Only reads all of the file, makes nothing of it, and lists what is in it." };
        Option<string?> format = Listing.FormatOption();
        var passphrase = new PassphraseFlag(context);
        var command = new Command("load", "Makes a machine of a file that doppel save made.") { file, name, engine, paused, noStart, keep, check, format };
        passphrase.AddTo(command);
        HelpWithExamples.AddTo(command, """
            Everything in the file is verified while it is read: a damaged file is refused with the place of the damage, and leaves nothing behind. The machine's
            disks are put into its own folder, and go with it when it is removed. One that was running goes on where it was, one that was paused waits there.
            Whether the file is encrypted is found by itself. Published ports and other ways to and from the host are closed, since the file may be a stranger's;
            --keep-network leaves them as they were.

            Examples:
              doppel load web.doppel
              doppel load web.doppel --name copy
              doppel load --check web.doppel
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            string path = parsed.GetRequiredValue(file);
            string called = path == SaveCommand.Pipe ? "standard input" : path;
            if (!parsed.GetValue(check) && parsed.GetValue(format) is not null) throw new DoppelException(ErrorKind.Usage, "--format: only what --check finds is listed", "--check");
            var options = new MachineLoad
            {
                Name = parsed.GetValue(name),
                KeepNetwork = parsed.GetValue(keep),
                Warn = text => context.Error.WriteLine($"doppel: warning: {text}; --keep-network leaves them as they were"),
                Paused = parsed.GetValue(paused),
                Engine = parsed.GetValue(engine) is { } text ? Parsing.Choice.Parse<EngineKind>("--engine", text) : null,
                Passphrase = () => passphrase.Read(parsed, called, isNew: false),
            };
            using Stream input = path == SaveCommand.Pipe ? context.OpenInput() : Open(path);
            using var interruption = new Interruption(cancel);
            if (parsed.GetValue(check))
            {
                IReadOnlyList<SavedObject> found;
                using (var progress = new WorkProgressLine(context, $"checking {called}", TimeProvider.System)) found = await MachineFile.CheckAsync(input, called, options.Passphrase, progress, interruption.Token).ConfigureAwait(false);
                SavedObjects.Write(context, parsed.GetValue(format), found);
                return;
            }

            NamedMachine machine;
            using (var progress = new WorkProgressLine(context, $"loading {called}", TimeProvider.System))
                machine = await MachineFile.LoadAsync(new MachineStore(), input, called, options, progress, interruption.Token).ConfigureAwait(false);
            if (!parsed.GetValue(noStart) && (await machine.LookAsync(cancel).ConfigureAwait(false)).State == NamedState.Suspended) await MachineVerbs.StartAsync(machine, cancel).ConfigureAwait(false);
            await context.Out.WriteLineAsync(machine.Name).ConfigureAwait(false);
        });
        return command;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = 1 << 18, Options = FileOptions.SequentialScan });
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DoppelException(ErrorKind.NotFound, $"{path} does not exist", "check the path", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            string why = Directory.Exists(path) ? "is a directory" : "may not be read";
            throw new DoppelException(ErrorKind.Denied, $"{path} {why}", "a file that doppel save made", exception);
        }
    }
}
