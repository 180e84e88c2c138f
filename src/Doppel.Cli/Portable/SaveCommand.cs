using System.CommandLine;
using Doppel.Cli.Disk;
using Doppel.Cli.Machines;
using Doppel.Cli.Output;
using Doppel.Core.Errors;
using Doppel.Machine.Named;
using Doppel.Machine.Portable;

namespace Doppel.Cli.Portable;

/// <summary><c>doppel save NAME FILE</c>: a whole machine as one file.</summary>
internal static class SaveCommand
{
    /// <summary>Standard output, or input.</summary>
    internal const string Pipe = "-";

    public static Command Create(CommandContext context)
    {
        Argument<string> name = MachineNames.One();
        var file = new Argument<string>("FILE") { Description = "Where to save it; must not be there yet. - is standard output." };
        var encrypt = new Option<bool>("--encrypt", "-e") { Description = "Encrypts all of the file (AES-256-GCM) with a key made of a passphrase." };
        Option<string?> format = Listing.FormatOption();
        var passphrase = new PassphraseFlag(context);
        var command = new Command("save", "Saves a machine, with all that belongs to it, as one file.") { name, file, encrypt, format };
        passphrase.AddTo(command);
        HelpWithExamples.AddTo(command, """
            The file has the machine's configuration, what it boots, its disks with their layers as the guest sees them, its snapshots, and, if it runs or is
            paused, its memory and devices: it runs on meanwhile. doppel load makes a machine of it, on any host. What is equal is there once, zeroes are not there, the rest is
            compressed. With --format what is in the file is listed; the same content has the same SHA-256 in every file.

            Examples:
              doppel save web web.doppel
              doppel save web --encrypt /mnt/backup/web.doppel
              doppel save web - | ssh other doppel load -
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            NamedMachine machine = new MachineStore().Get(parsed.GetRequiredValue(name));
            string path = parsed.GetRequiredValue(file);
            if (!parsed.GetValue(encrypt) && passphrase.IsUsed(parsed)) throw new DoppelException(ErrorKind.Usage, "--passphrase-file: nothing is to be encrypted", "--encrypt");
            if (path == Pipe && context.OutputIsTerminal) throw new DoppelException(ErrorKind.Usage, "a machine cannot be shown on a terminal", $"doppel save {machine.Name} {machine.Name}.doppel");
            if (path == Pipe && parsed.GetValue(format) is not null) throw new DoppelException(ErrorKind.Usage, "--format: standard output is the machine's", "leave it out, or save to a file");
            string? secret = parsed.GetValue(encrypt) ? passphrase.Read(parsed, path, isNew: true) : null;
            using var interruption = new Interruption(cancel);
            IReadOnlyList<SavedObject> saved;
            using (var progress = new WorkProgressLine(context, $"saving {machine.Name}", TimeProvider.System))
            {
                if (path == Pipe)
                {
                    using Stream output = context.OpenOutput();
                    await MachineFile.SaveAsync(machine, output, secret, progress, interruption.Token).ConfigureAwait(false);
                    return;
                }

                saved = await MachineFile.SaveAsync(machine, path, secret, progress, interruption.Token).ConfigureAwait(false);
            }

            if (parsed.GetValue(format) is { } listing) SavedObjects.Write(context, listing, saved);
            else await context.Out.WriteLineAsync(path).ConfigureAwait(false);
        });
        return command;
    }
}
