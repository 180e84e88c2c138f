using Doppel.Backends.Console;
using Doppel.Backends.Disk;
using Doppel.Cli.Disk;
using Doppel.Cli.Output;
using Doppel.Core.Errors;
using Doppel.Images.Guests;
using Doppel.Images.Store;
using Doppel.Machine;
using Doppel.Machine.Guests;

namespace Doppel.Cli.Run;

/// <summary>From what the command line says to what the machine is made of; fetches the guest if need be.</summary>
internal static class GuestSource
{
    /// <summary>Kernel messages go to the serial port; the shell is on the virtio console.</summary>
    private const string OwnCommandLine = "console=ttyS0";

    /// <summary>Nobody reads the messages of a guest that runs one command; not writing them saves a good part of its boot. A panic ends it at once.</summary>
    private const string QuietCommandLine = "console=ttyS0 quiet loglevel=3 panic=-1";

    /// <summary>An image's own disk is the first one.</summary>
    private const string DiskRoot = "root=/dev/vda";

    private const string VerboseCommandLine = "console=ttyS0 panic=-1";

    /// <summary>Our guests have their shell where the keyboard goes to.</summary>
    private const string SerialShell = " doppel.console=ttyS0";

    public static async Task<VmConfig> ResolveAsync(CommandContext context, RunOptions options, CancellationToken cancel)
    {
        var config = new VmConfig
        {
            Name = options.Image ?? "doppel",
            Cpus = options.Cpus,
            MemoryBytes = options.MemoryBytes ?? GuestMemory.Default,
            Cpu = new CpuConfig { Paging = options.Paging },
            Engine = options.Engine,
            CodeCacheBytes = options.CodeCacheBytes,
            Clock = options.Clock,
            Seed = options.Seed,
            StartTime = options.StartTime,
            Kernel = options.Kernel,
            Initrd = options.Initrd,
            Bios = options.Bios,
            Append = options.Append ?? "",
            Disks = options.Disks,
            Networks = options.AllNetworks,
            DeviceTreeChanges = options.DeviceTreeChanges,
            NoReboot = options.NoReboot,
            Trace = options.Trace?.Categories ?? default,
        };
        if (!options.IsOwnGuest) return config;

        // What can be known to be wrong is said before anything is fetched.
        IReadOnlyList<ConfigProblem> problems = [.. VmConfigValidator.Validate(config with { Append = "" }).Where(p => p.Path != "kernel")];
        if (problems.Count > 0) throw new DoppelException(problems[0].Kind, string.Join('\n', problems), string.Join('\n', problems.Select(p => p.Hint).Distinct()));
        GuestMemory.CheckForKernel(options.MemoryBytes);
        GuestImage image = await ImageAsync(context, options, cancel).ConfigureAwait(false);
        bool quiet = options.Command is not null && !options.Verbose;
        if (image.DiskPath is { } disk)
        {
            // A disk of its own, in front of those that were asked for.
            config = config with { Disks = [new DiskConfig(disk, Format: DiskFormat.Qcow2, CopyOnWrite: true), .. config.Disks] };
        }

        return config with
        {
            MemoryBytes = GuestMemory.For((ulong)new FileInfo(image.InitrdPath).Length, options.MemoryBytes),
            Kernel = image.KernelPath,
            Initrd = image.InitrdPath,
            InitrdExtras = options.Command is null ? [] : [GuestCommand.ToArchive(options.Command)],
            Append = $"{CommandLine(options, quiet, image.DiskPath is not null)} {options.Append}".TrimEnd(),
            NoReboot = options.NoReboot || options.Command is not null,
            Ports = options.Command is null ? [] : CommandPorts.Names,
        };
    }

    private static string CommandLine(RunOptions options, bool quiet, bool fromDisk)
    {
        bool serial = options.Console == ConsoleRoute.Serial;
        if (!fromDisk) return quiet ? QuietCommandLine : options.Command is null ? OwnCommandLine + (serial ? SerialShell : "") : VerboseCommandLine;
        // systemd's lines are shown where the login prompt will be.
        if (options.Command is null) return DiskRoot + (serial ? " console=ttyS0" + SerialShell : " console=ttyS0 console=hvc0") + " quiet systemd.show_status=1";
        return $"{DiskRoot} {(quiet ? QuietCommandLine + " systemd.show_status=0" : VerboseCommandLine)}";
    }

    /// <summary>Which of our guests it is; null for files of the user's own.</summary>
    public static string? ImageName(RunOptions options) => options.IsOwnGuest ? options.Image ?? GuestImageRequest.DefaultName : null;

    /// <summary>Our guests have their shell on the virtio console; what others do shows when they do it.</summary>
    public static ConsoleRoute Route(RunOptions options) => options.Console ?? (options.IsOwnGuest ? ConsoleRoute.Virtio : ConsoleRoute.Auto);

    private static async Task<GuestImage> ImageAsync(CommandContext context, RunOptions options, CancellationToken cancel)
    {
        GuestImageRequest request = GuestImageRequest.Parse(options.Image ?? GuestImageRequest.DefaultName);
        request = new GuestImageRequest(request.Name, request.Packages.Concat(options.Packages));
        using var store = new ImageStore(runner: new GuestRunner());
        using var progress = new PullProgressLine(context, TimeProvider.System);
        using var interruption = new Interruption(cancel);
        GuestImage image = await store.GetAsync(request, progress, interruption.Token).ConfigureAwait(false);
        progress.Ready();
        return image;
    }
}
