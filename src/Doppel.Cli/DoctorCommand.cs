using System.CommandLine;
using Doppel.Cli.Diagnosis;
using Doppel.Cli.Output;
using Doppel.Core.Errors;

namespace Doppel.Cli;

/// <summary><c>doppel doctor</c>: whether this host can run guests, and what is in the way.</summary>
internal static class DoctorCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> format = Listing.FormatOption();
        var command = new Command("doctor", "Checks whether this host can run guests.") { format };
        HelpWithExamples.AddTo(command, "Exit code: 0 if nothing failed (warnings are allowed), 1 otherwise.");
        command.SetAction(async (parsed, cancel) =>
        {
            List<Check> checks = [.. HostChecks.Run(context), .. StoreChecks.Run(), .. context.ProbesNetwork ? [await StoreChecks.MirrorAsync(cancel)] : Array.Empty<Check>()];
            Listing.Write(context, parsed.GetValue(format), checks, () => CheckJson.Default.IReadOnlyListCheck,
                new("CHECK", c => c.Name), new("STATUS", c => c.Status.ToString().ToLowerInvariant()), new("DETAIL", c => c.Hint is null ? c.Detail : $"{c.Detail} (try: {c.Hint})"));
            return checks.Exists(c => c.Status == CheckStatus.Failed) ? (int)ErrorKind.Failed : 0;
        });
        return command;
    }
}
