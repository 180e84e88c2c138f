using System.CommandLine;
using System.CommandLine.Completions;
using Doppel.Core.Errors;
using Doppel.Machine.Named;

namespace Doppel.Cli.Snapshots;

/// <summary>The names of snapshots as arguments, completed by those of the machine.</summary>
internal static class SnapshotNames
{
    public static Argument<string> One(Argument<string> machine, string name, string description) => Complete(new Argument<string>(name) { Description = description }, machine);

    public static Argument<string?> Optional(Argument<string> machine, string name, string description) =>
        Complete(new Argument<string?>(name) { Arity = ArgumentArity.ZeroOrOne, Description = description }, machine);

    public static Argument<string[]> Several(Argument<string> machine, ArgumentArity arity, string description) =>
        Complete(new Argument<string[]>("SNAPSHOT") { Arity = arity, Description = description }, machine);

    private static Argument<T> Complete<T>(Argument<T> argument, Argument<string> machine)
    {
        argument.CompletionSources.Add(completion => Names(completion, machine));
        return argument;
    }

    private static IEnumerable<CompletionItem> Names(CompletionContext completion, Argument<string> machine)
    {
        try
        {
            return completion.ParseResult.GetValue(machine) is { } name ? [.. new MachineStore().Get(name).Snapshots.List().Snapshots.Select(s => new CompletionItem(s.Name))] : [];
        }
        catch (DoppelException)
        {
            // There is no such machine: nothing to complete.
            return [];
        }
    }
}
