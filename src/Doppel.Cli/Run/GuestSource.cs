using Doppel.Backends.Console;
using Doppel.Cli.Output;
using Doppel.Core.Errors;
using Doppel.Images.Guests;
using Doppel.Images.Store;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>From what the command line says to what the machine is made of; fetches the guest if need be.</summary>
internal static class GuestSource
{
    /// <summary>Kernel messages go to the serial port; the shell is on the virtio console.</summary>
    private const string OwnCommandLine = "console=ttyS0";

    /// <summary>Nobody reads the messages of a guest that runs one command; not writing them saves a good part of its boot.</summary>
    private const string QuietCommandLine = "console=ttyS0 quiet loglevel=3";

    public static async Task<VmConfig> ResolveAsync(CommandContext context, RunOptions options, CancellationToken cancel)
    {
        var config = new VmConfig
        {
            Name = options.Image ?? "doppel",
            Cpus = options.Cpus,
            MemoryBytes = options.MemoryBytes,
            Cpu = new CpuConfig { Paging = options.Paging },
            Engine = options.Engine,
            Kernel = options.Kernel,
            Initrd = options.Initrd,
            Bios = options.Bios,
            Append = options.Append ?? "",
            Disks = options.Disks,
            DeviceTreeChanges = options.DeviceTreeChanges,
            NoReboot = options.NoReboot,
            Trace = options.Trace?.Categories ?? default,
        };
        if (!options.IsOwnGuest) return config;

        // What can be known to be wrong is said before anything is fetched.
        IReadOnlyList<ConfigProblem> problems = [.. VmConfigValidator.Validate(config with { Append = "" }).Where(p => p.Path != "kernel")];
        if (problems.Count > 0) throw new DoppelException(problems[0].Kind, string.Join('\n', problems), string.Join('\n', problems.Select(p => p.Hint).Distinct()));
        GuestImage image = await ImageAsync(context, options, cancel).ConfigureAwait(false);
        bool quiet = options.Command is not null && !options.Verbose;
        return config with
        {
            Kernel = image.KernelPath,
            Initrd = image.InitrdPath,
            InitrdExtras = options.Command is null ? [] : [GuestCommand.ToArchive(options.Command)],
            Append = options.Append ?? (quiet ? QuietCommandLine : OwnCommandLine),
            Ports = options.Command is null ? [] : CommandPorts.Names,
        };
    }

    /// <summary>Our guests have their shell on the virtio console; what others do shows when they do it.</summary>
    public static ConsoleRoute Route(RunOptions options) => options.Console ?? (options.IsOwnGuest ? ConsoleRoute.Virtio : ConsoleRoute.Auto);

    private static async Task<GuestImage> ImageAsync(CommandContext context, RunOptions options, CancellationToken cancel)
    {
        GuestImageRequest request = GuestImageRequest.Parse(options.Image ?? GuestImageRequest.DefaultName);
        request = new GuestImageRequest(request.Name, request.Packages.Concat(options.Packages));
        using var store = new ImageStore();
        using var progress = new PullProgressLine(context, TimeProvider.System);
        return await store.GetAsync(request, progress, cancel).ConfigureAwait(false);
    }
}
