using System.CommandLine;
using Doppel.Cli.Run;
using Doppel.Images.Seeds;
using Doppel.Machine;
using Doppel.Machine.Named;

namespace Doppel.Cli.Machines;

/// <summary><c>doppel create [IMAGE]</c>: makes a machine that has a name and can be started any number of times.</summary>
internal static class CreateCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("create", "Makes a machine with a name, without starting it.");
        var flags = new RunFlags(command, runs: false);
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "What to call it; default vm1, vm2, …." };
        command.Add(name);
        HelpWithExamples.AddTo(command, """
            Kernel and initramfs are copied, so that the machine stays what it is. Its disks remain where they are; an image's own disk, and those with cow,
            stay as they are and get a layer in the machine's folder, which keeps what the guest writes, and which forks share.

            Examples:
              doppel create --name web --memory 1G --disk web.img
              doppel create debian --name box
              doppel create debian --name web --cloud-init user-data.yaml
              doppel start web
              doppel console web
            """);
        command.SetAction(async (parsed, cancel) =>
        {
            RunOptions options = flags.Read(parsed, null);
            // What is wrong with it is said before anything is fetched.
            if (options.CloudInit is { } userData) _ = NoCloudSeed.FromFile(userData, "");
            VmConfig config = await GuestSource.ResolveAsync(context, options, cancel).ConfigureAwait(false);
            var store = new MachineStore();
            config = config with { Name = parsed.GetValue(name) ?? FreeName(store) };
            // An image with a disk of its own reads who it is from a seed; other guests do if they are given one.
            bool isSeeded = options.CloudInit is not null || config.Disks.Except(options.Disks).Any(disk => disk.CopyOnWrite);
            Action<MachineLogin, string>? seed = isSeeded ? (login, path) => Seed(options.CloudInit, config.Name, login).Write(path) : null;
            NamedMachine machine = store.Create(config, GuestSource.ImageName(options), GuestSource.Route(options), seed);
            await context.Out.WriteLineAsync(machine.Name).ConfigureAwait(false);
        });
        return command;
    }

    private static NoCloudSeed Seed(string? userData, string name, MachineLogin login) =>
        userData is null ? new NoCloudSeed { HostName = name, AuthorizedKeys = [login.PublicKey] } : NoCloudSeed.FromFile(userData, name, login.PublicKey);

    private static string FreeName(MachineStore store)
    {
        HashSet<string> taken = [.. store.List().Select(m => m.Name)];
        return Enumerable.Range(1, int.MaxValue).Select(i => $"vm{i}").First(n => !taken.Contains(n));
    }
}
