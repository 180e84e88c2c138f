using System.CommandLine;
using Doppel.Backends.Disk;
using Doppel.Cli.Disk;
using Doppel.Cli.Machines;
using Doppel.Cli.Output;
using Doppel.Cli.Parsing;
using Doppel.Machine.Named;
using Doppel.Machine.Snapshots;

namespace Doppel.Cli.Snapshots;

/// <summary>The verbs that make, use and delete snapshots: <c>create</c>, <c>restore</c>, <c>rm</c>, <c>check</c>, <c>export</c>.</summary>
internal static class SnapshotVerbs
{
    public static Command Create(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        var name = new Argument<string?>("SNAPSHOT") { Arity = ArgumentArity.ZeroOrOne, Description = "What to call it; default s1, s2, …." };
        var comment = new Option<string?>("--comment", "-m") { HelpName = "TEXT", Description = "What to say of it, on one line." };
        var command = new Command("create", "Keeps what a machine is now.") { machine, name, comment };
        HelpWithExamples.AddTo(command, """
            A running machine stands still for some milliseconds and goes on while its state is written. What did not change since the last snapshot is not written again.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            NamedMachine found = new MachineStore().Get(parsed.GetRequiredValue(machine));
            string wanted = parsed.GetValue(name) ?? FreeName(found);
            using (var progress = new WorkProgressLine(context, $"keeping {found.Name}", TimeProvider.System))
                await found.SnapshotAsync(wanted, parsed.GetValue(comment), progress, interruption.Token).ConfigureAwait(false);
            await context.Out.WriteLineAsync(wanted).ConfigureAwait(false);
        });
        return command;
    }

    public static Command Restore(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Argument<string> name = SnapshotNames.One(machine, "SNAPSHOT", "Which snapshot.");
        var paused = new Option<bool>("--paused") { Description = "A machine that is switched off is not resumed after it has been started." };
        var check = new Option<bool>("--check") { Description = "All of the snapshot is read and compared with its checksums first; a restore by itself does so with what it reads, which is the disks." };
        var command = new Command("restore", "Sets a machine back to a snapshot. What it was until now is lost.") { machine, name, paused, check };
        HelpWithExamples.AddTo(command, """
            A running or paused machine goes on from the snapshot as what it is, running or paused. One that is switched off is started from there; if the snapshot has only disks,
            these are set back, and it stays off. The machine's disk files become what they were; a restore that is interrupted is completed when the machine is started next.
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            NamedMachine found = new MachineStore().Get(parsed.GetRequiredValue(machine));
            string wanted = parsed.GetRequiredValue(name);
            if (parsed.GetValue(check))
            {
                using var interruption = new Interruption(cancel);
                using var progress = new WorkProgressLine(context, $"checking {wanted}", TimeProvider.System);
                await found.Snapshots.CheckAsync([wanted], progress, interruption.Token).ConfigureAwait(false);
            }

            await found.RestoreAsync(wanted, () => MachineVerbs.StartAsync(found, cancel, new StartPoint { Snapshot = wanted, Paused = parsed.GetValue(paused) }), cancel).ConfigureAwait(false);
            await context.Out.WriteLineAsync(wanted).ConfigureAwait(false);
        });
        return command;
    }

    public static Command Remove(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Argument<string[]> names = SnapshotNames.Several(machine, ArgumentArity.OneOrMore, "Which snapshots.");
        var command = new Command("rm", "Deletes snapshots. Those that were made after them stay whole.") { machine, names };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotStore store = new MachineStore().Get(parsed.GetRequiredValue(machine)).Snapshots;
            foreach (string name in parsed.GetRequiredValue(names).Distinct())
            {
                await store.RemoveAsync(name, cancel).ConfigureAwait(false);
                await context.Out.WriteLineAsync(name).ConfigureAwait(false);
            }
        });
        return command;
    }

    public static Command Check(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Argument<string[]> names = SnapshotNames.Several(machine, ArgumentArity.ZeroOrMore, "Which snapshots; default all.");
        var command = new Command("check", "Reads all of snapshots and compares it with its checksums.") { machine, names };
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            SnapshotStore store = new MachineStore().Get(parsed.GetRequiredValue(machine)).Snapshots;
            string[] wanted = parsed.GetValue(names) ?? [];
            using (var progress = new WorkProgressLine(context, "checking", TimeProvider.System)) await store.CheckAsync(wanted, progress, interruption.Token).ConfigureAwait(false);
            foreach (string name in wanted.Length > 0 ? wanted : store.List().Snapshots.Select(s => s.Name)) await context.Out.WriteLineAsync(name).ConfigureAwait(false);
        });
        return command;
    }

    public static Command Export(CommandContext context)
    {
        Argument<string> machine = MachineNames.One();
        Argument<string> name = SnapshotNames.One(machine, "SNAPSHOT", "Which snapshot.");
        var folder = new Argument<string>("FOLDER") { Description = "Where to; must not be there yet." };
        var format = new Option<string?>("--disk-format") { HelpName = "qcow2|raw", Description = "How disks are written; default qcow2." };
        format.CompletionSources.Add([.. Choice.Names<DiskFormat>()]);
        var command = new Command("export", "Writes a snapshot as files that other programs read.") { machine, name, folder, format };
        HelpWithExamples.AddTo(command, """
            In the folder: disk0.qcow2 and so on, config.json, and of a machine that was not switched off ram.elf (a core file for debuggers: RAM at its physical addresses), device-tree.dtb and
            state.json (the fields of processors and devices in hexadecimal digits).

            Examples:
              doppel snapshot export web clean /tmp/web
              doppel snapshot export web clean /tmp/web --disk-format raw
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            using var interruption = new Interruption(cancel);
            NamedMachine found = new MachineStore().Get(parsed.GetRequiredValue(machine));
            string target = parsed.GetRequiredValue(folder);
            DiskFormat disks = parsed.GetValue(format) is { } text ? Choice.Parse<DiskFormat>("--disk-format", text) : DiskFormat.Qcow2;
            using (var progress = new WorkProgressLine(context, $"exporting {parsed.GetRequiredValue(name)}", TimeProvider.System))
                await found.Snapshots.ExportAsync(parsed.GetRequiredValue(name), target, disks, progress, interruption.Token).ConfigureAwait(false);
            await context.Out.WriteLineAsync(target).ConfigureAwait(false);
        });
        return command;
    }

    private static string FreeName(NamedMachine machine)
    {
        IReadOnlyList<SnapshotInfo> all = machine.Snapshots.List().Snapshots;
        HashSet<string> taken = [.. all.Select(s => s.Name)];
        return Enumerable.Range(1, int.MaxValue).Select(i => $"s{i}").First(n => !taken.Contains(n));
    }
}
