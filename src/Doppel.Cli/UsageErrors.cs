using System.CommandLine;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;

namespace Doppel.Cli;

/// <summary>What the parser could not make sense of, said in our words and with the nearest thing that would have been right.</summary>
internal static class UsageErrors
{
    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>, if there is any.</exception>
    public static void ThrowIfAny(ParseResult parsed, RootCommand root)
    {
        Command command = parsed.CommandResult.Command;
        string help = command == root ? "doppel --help" : $"doppel {Path(command, root)} --help";

        // An unknown flag lands in the first positional argument that is free.
        string? unknown = command.Arguments.SelectMany(a => parsed.GetResult(a)?.Tokens ?? []).Select(t => t.Value)
            .Concat(parsed.UnmatchedTokens).FirstOrDefault(t => t.Length > 1 && t[0] == '-');
        if (unknown is not null)
        {
            string flag = unknown.Split('=', ':')[0];
            IEnumerable<string> known = command.Options.Concat(root.Options.Where(o => o.Recursive)).Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name));
            throw Usage($"unknown flag '{flag}'{Where(command, root)}", Suggestion.Nearest(flag, known) ?? help);
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            string word = parsed.UnmatchedTokens[0];
            if (command.Subcommands.Count == 0) throw Usage($"'{word}' is one argument too many{Where(command, root)}", help);
            string? nearest = Suggestion.Nearest(word, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
            throw Usage($"unknown verb '{word}'{Where(command, root)}", nearest is null ? help : $"doppel {Path(command, root)} {nearest}".Replace("  ", " ", StringComparison.Ordinal));
        }

        if (parsed.Errors.Count == 0) return;
        if (command.Subcommands.Count > 0) throw Usage($"a verb is missing{Where(command, root)}", help);
        throw Usage(string.Join('\n', parsed.Errors.Select(e => e.Message.TrimEnd('.')).Select(m => char.ToLowerInvariant(m[0]) + m[1..]).Distinct()), help);
    }

    private static string Where(Command command, RootCommand root) => command == root ? "" : $" for {Path(command, root)}";

    private static string Path(Command command, RootCommand root)
    {
        var names = new List<string>();
        for (Command? at = command; at is not null && at != root; at = at.Parents.OfType<Command>().FirstOrDefault()) names.Insert(0, at.Name);
        return string.Join(' ', names);
    }

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);
}
