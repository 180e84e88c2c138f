using System.CommandLine;
using Doppel.Core.Errors;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary>The names that most verbs take, and a verb that does the same to each of them.</summary>
internal static class MachineNames
{
    public static Argument<string> One() => Complete(new Argument<string>("NAME") { Description = "Which machine; see doppel ls." });

    public static Argument<string[]> Several() => Complete(new Argument<string[]>("NAME") { Arity = ArgumentArity.OneOrMore, Description = "Which machines; see doppel ls." });

    /// <summary>
    /// A verb that acts on each of its names, and says the names with which it went well on standard output. One that fails does not keep the others from being
    /// acted on; the first failure decides about the exit code.
    /// </summary>
    /// <param name="act">What to do; what it returns is written instead of the name.</param>
    public static Command Verb(CommandContext context, string verb, string description, Func<MachineStore, NamedMachine, ParseResult, CancellationToken, Task<string?>> act, params IReadOnlyList<Option> options)
    {
        Argument<string[]> names = Several();
        var command = new Command(verb, description) { names };
        foreach (Option option in options) command.Add(option);
        command.SetAction(async (parsed, cancel) =>
        {
            var store = new MachineStore();
            var failures = new List<DoppelException>();
            foreach (string name in parsed.GetRequiredValue(names).Distinct())
            {
                try
                {
                    string? said = await act(store, store.Get(name), parsed, cancel).ConfigureAwait(false);
                    await context.Out.WriteLineAsync(said ?? name).ConfigureAwait(false);
                }
                catch (DoppelException exception)
                {
                    failures.Add(exception);
                }
            }

            if (failures.Count == 1) throw failures[0];
            if (failures.Count > 1) throw new DoppelException(failures[0].Kind, string.Join('\n', failures.Select(f => f.Message)), string.Join('\n', failures.Select(f => f.Hint).OfType<string>().Distinct()));
        });
        return command;
    }

    private static Argument<T> Complete<T>(Argument<T> argument)
    {
        argument.CompletionSources.Add(_ => new MachineStore().List().Select(m => m.Name));
        return argument;
    }
}
