using System.CommandLine;
using System.CommandLine.Help;
using Doppel.Cli.Disk;
using Doppel.Cli.Machines;
using Doppel.Cli.Portable;
using Doppel.Cli.Snapshots;
using Doppel.Core.Errors;

namespace Doppel.Cli;

/// <summary>The front door: finds the verb, runs it, and turns whatever goes wrong into one message and an exit code.</summary>
internal sealed class DoppelCommand
{
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };
    private readonly CommandContext _context;
    private readonly RootCommand _root;

    /// <summary>What follows <c>--</c>: the command to run in the guest. Null without <c>--</c>.</summary>
    private IReadOnlyList<string>? _guestCommand;

    public DoppelCommand(CommandContext context)
    {
        _context = context;
        _root = new RootCommand("Doppel: virtual machines without root, without /dev/kvm and without native code.")
        {
            RunCommand.Create(context, () => _guestCommand),
            CreateCommand.Create(context),
            MachineVerbs.Start(context),
            MachineVerbs.Stop(context),
            MachineVerbs.Kill(context),
            MachineVerbs.Pause(context),
            MachineVerbs.Resume(context),
            MachineVerbs.Reset(context),
            ForkCommand.Create(context),
            WaitCommand.Create(context),
            MachineVerbs.Remove(context),
            MachineVerbs.Process(context),
            MachineListing.List(context),
            MachineListing.Inspect(context),
            MachineListing.Statistics(context),
            PortCommand.Create(context),
            ConsoleCommand.Create(context),
            ExecCommand.Create(context, () => _guestCommand),
            CopyCommand.Create(context),
            SshCommand.Create(context, () => _guestCommand),
            SshCommand.CreateShell(context),
            LogsCommand.Create(context),
            SaveCommand.Create(context),
            LoadCommand.Create(context),
            SnapshotCommand.Create(context),
            ImageCommand.Create(context),
            DiskCommand.Create(context),
            NetCommand.Create(context),
            DoctorCommand.Create(context),
            DisasmCommand.Create(context),
            CompletionCommand.Create(context),
        };
        _root.HelpName = "doppel";
        _root.Add(new Command("help", "Shows help on a verb.") { new Argument<string?>("VERB") { Arity = ArgumentArity.ZeroOrOne, Description = "Which verb." } });
        _root.Options.Clear();
        _root.Add(new HelpOption("--help", "-h", "-?") { Description = "Shows this help." });
        _root.Add(new VersionOption("--version") { Description = "Shows the version.", Action = new VersionAction(context) });
    }

    public async Task<int> InvokeAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            int split = arguments.TakeWhile(a => a != "--").Count();
            _guestCommand = split < arguments.Count ? [.. arguments.Skip(split + 1)] : null;
            string[] own = [.. arguments.Take(split)];
            // `doppel help VERB` is `doppel VERB --help`.
            if (own is ["help", ..]) own = [.. own.Skip(1), "--help"];

            ParseResult parsed = _root.Parse(own, Parser);
            if (own.Length == 0) return Help(ErrorKind.Usage);
            bool help = own is [.., "--help"] or [.., "-h"] or [.., "-?"];
            // Completion asks about command lines that are not finished, and help is given on any verb that there is.
            bool suggest = own[0].StartsWith("[suggest", StringComparison.Ordinal);
            if (!suggest && (!help || parsed.UnmatchedTokens.Count > 0)) UsageErrors.ThrowIfAny(parsed, _root);
            if (_guestCommand is not null && parsed.CommandResult.Command.Name is not ("run" or "exec" or "ssh"))
                throw new DoppelException(ErrorKind.Usage, "only run, exec and ssh take a command after '--'", "doppel run -- CMD");

            var configuration = new InvocationConfiguration { Output = _context.Out, Error = _context.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            return new ErrorReport(_context).Write(exception);
        }
        finally
        {
            await _context.Out.FlushAsync().ConfigureAwait(false);
        }
    }

    private int Help(ErrorKind code)
    {
        _root.Parse("--help", Parser).Invoke(new InvocationConfiguration { Output = _context.Error, Error = _context.Error });
        return (int)code;
    }
}
