using System.CommandLine;
using System.Globalization;
using Doppel.Cli.Disk;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel fork NAME</c>: children of a running machine.</summary>
internal static class ForkCommand
{
    private const int MaxChildren = 1000;

    public static Command Create(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        var count = new Option<string?>("--count", "-n") { HelpName = "NUMBER", Description = $"How many children, 1 to {MaxChildren}; default 1." };
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What to call the child; several are NAME-1, NAME-2, …. Default: the machine's own name and a number." };
        var command = new Command("fork", "Makes children of a running machine, which go on from this moment on their own.") { machine, count, name };
        HelpWithExamples.AddTo(command, """
            Each child is a machine with a name and a process of its own; it shares the parent's memory until one of them writes to it, and can be forked itself. The parent stands still for
            some milliseconds. Disks in the machine's folder (an image's own, and those of create --disk FILE,cow) are shared in the same way. Of other files children get a copy, made first and once
            for all of them, or, of raw ones on btrfs and XFS, a clone that takes no room. Children of a paused machine are paused. A guest is told by its generation ID that it is a copy, and draws other
            random numbers. A child that has been stopped boots anew when it is started.

            Examples:
              doppel fork web
              doppel fork web -n 100
              doppel fork web --name canary
              doppel rm --force web-1
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            var store = new MachineStore();
            NamedMachine parent = store.Get(parsed.GetRequiredValue(machine));
            int children = parsed.GetValue(count) is { } text ? WholeNumber.Parse("--count", text, 1, MaxChildren) : 1;
            IReadOnlyList<string> names = Names(store, parent.Name, parsed.GetValue(name), children);
            using var progress = new WorkProgressLine(context, $"forking {parent.Name}", TimeProvider.System);
            using var one = new SemaphoreSlim(1);
            await store.ForkAsync(parent, names, StartAsync, progress, interruption.Token).ConfigureAwait(false);

            async Task StartAsync(NamedMachine child, StartPoint point)
            {
                await MachineVerbs.StartAsync(child, interruption.Token, point).ConfigureAwait(false);
                await one.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                await context.Out.WriteLineAsync(child.Name).ConfigureAwait(false);
                one.Release();
            }
        });
        return command;
    }

    private static IReadOnlyList<string> Names(MachineStore store, string parent, string? name, int count)
    {
        if (name is not null && count == 1) return [name];
        HashSet<string> taken = [.. store.List().Select(m => m.Name)];
        IEnumerable<string> numbered = Enumerable.Range(1, int.MaxValue).Select(i => string.Create(CultureInfo.InvariantCulture, $"{name ?? parent}-{i}"));
        return [.. numbered.Where(n => !taken.Contains(n)).Take(count)];
    }
}
