using System.CommandLine;
using Doppel.Backends.Console;
using Doppel.Backends.Net.User;
using Doppel.Cli.Parsing;
using Doppel.Core.Errors;
using Doppel.Core.Trace;
using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>The flags of <c>doppel run</c> and <c>doppel create</c>: their declarations, and what they mean together.</summary>
internal sealed class RunFlags
{
    private readonly Argument<string?> _image = new("IMAGE") { Arity = ArgumentArity.ZeroOrOne, Description = "Which guest (see doppel image ls); without one, and without --kernel or --bios, the default guest." };
    private readonly Option<string?> _kernel = Text("--kernel", "FILE", "Boots this kernel: a RISC-V Image or ELF file.");
    private readonly Option<string?> _initrd = Text("--initrd", "FILE", "The initial RAM file system for the kernel.");
    private readonly Option<string?> _append = Text("--append", "TEXT", "The kernel's command line; for a guest of Doppel's own, what is added to it.");
    private readonly Option<string?> _bios = Text("--bios", "FILE", "Starts firmware or a bare-metal program in M-mode: a raw image or an ELF file.");
    private readonly Option<string?> _cpus = Text("--cpus", "N", $"Virtual processors, 1 to {VmConfigValidator.MaxCpus}; default 1.", "-c");
    private readonly Option<string?> _memory = Text("--memory", "SIZE", "RAM, such as 96M or 2G; default 512M, or more if the packages of the guest need it.", "-m");
    private readonly Option<string[]> _disk = Many("--disk", "PATH[,ro|cow][,format=raw|qcow2][,backing=anywhere]", "A disk image on virtio-blk, qcow2 if its name ends so, else raw; may be repeated. With cow the file stays as it is: what the guest writes is gone afterwards, or kept in a layer by a machine with a name.");
    private readonly Option<string?> _cloudInit = Text("--cloud-init", "FILE", "User data for the guest (#cloud-config, or a script), on a disk that cloud-init reads, and the image debian without it.");
    private readonly Option<string[]> _net = Many("--net", "none|user|NAME|tap:NAME[,SETTING…]", "What a network adapter is plugged into: a way out that needs no rights (the default), a network of doppel net, a tap interface. May be repeated.");
    private readonly Option<string[]> _publish = Many("--publish", "[[ADDRESS:]PORT:]PORT[/udp]", "Makes a port of the host lead to one of the guest; of this host only, unless an address is named. May be repeated.", "-p");
    private readonly Option<string?> _engine = OneOf<EngineKind>("--engine", "How guest code is run; default auto.");
    private readonly Option<string?> _codeCache = Text("--code-cache", "SIZE", "Memory for translated code, 2M to 1G; default 256M. What does not fit is translated anew.");
    private readonly Option<string?> _clock = OneOf<ClockKind>("--clock", "What the guest's time is made of: the host's time, or the guest's instructions, so that runs repeat; default real.");
    private readonly Option<string?> _seed = Text("--seed", "N", "With --clock virtual, what the guest's random numbers are made from; default 0.");
    private readonly Option<string?> _startTime = Text("--start-time", "TIME", "With --clock virtual, the guest's date when it starts, such as 2026-01-01T12:00:00Z, which is UTC.");
    private readonly Option<string?> _mmu = OneOf<PagingMode>("--mmu", "The largest virtual address space of the processors; default sv57.");
    private readonly Option<string?> _trace = Text("--trace", "LIST[:FILE]", $"Traces {string.Join(',', TraceSpec.Names)} or all, to a file or to standard error.");
    private readonly Option<string[]> _package = Many("--package", "NAME", "Adds a Debian package to the default guest; may be repeated.");
    private readonly Option<string?> _console = OneOf<ConsoleRoute>("--console", "Which console the keyboard goes to; default auto.");
    private readonly Option<string[]> _deviceTree = Many("--dt", "PATH:NAME=VALUE", "Changes a property of the guest's device tree; may be repeated.");
    private readonly Option<string?> _timeout = Text("--timeout", "TIME", "Kills the machine after that time (30s, 5m) and ends with code 6.");
    private readonly Option<bool> _noReboot = new("--no-reboot") { Description = "Ends when the guest restarts." };
    private readonly Option<bool> _stats = new("--stats") { Description = "Prints what the machine and its engine have counted when it ends." };
    private readonly Option<bool> _perfMap = new("--perf-map") { Description = "Names generated code in /tmp/perf-PID.map, for perf report." };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Shows the kernel's messages while a command is run." };

    /// <param name="runs">Whether the command runs the machine, too, instead of only saying what it is.</param>
    public RunFlags(Command command, bool runs)
    {
        command.Add(_image);
        foreach (Option option in new Option[] { _kernel, _initrd, _append, _bios, _cpus, _memory, _disk, _cloudInit, _net, _publish, _engine, _codeCache, _clock, _seed, _startTime, _mmu, _package, _console, _deviceTree, _noReboot })
            command.Add(option);
        if (!runs) return;
        foreach (Option option in new Option[] { _trace, _timeout, _stats, _perfMap, _verbose }) command.Add(option);
        _trace.CompletionSources.Add([.. TraceSpec.Names]);
    }

    /// <exception cref="DoppelException">Of kind <see cref="ErrorKind.Usage"/>, naming everything that makes no sense.</exception>
    public RunOptions Read(ParseResult parsed, IReadOnlyList<string>? guestCommand)
    {
        var problems = new List<DoppelException>();
        T? Take<T>(Option<string?> option, Func<string, string, T> parse) =>
            Try<T>(problems, parsed.GetValue(option) is { } text ? () => parse(option.Name, text) : null);

        var options = new RunOptions
        {
            Image = parsed.GetValue(_image),
            Kernel = parsed.GetValue(_kernel),
            Initrd = parsed.GetValue(_initrd),
            Append = parsed.GetValue(_append),
            Bios = parsed.GetValue(_bios),
            CloudInit = parsed.GetValue(_cloudInit),
            Packages = parsed.GetValue(_package) ?? [],
            DeviceTreeChanges = parsed.GetValue(_deviceTree) ?? [],
            NoReboot = parsed.GetValue(_noReboot),
            Stats = parsed.GetValue(_stats),
            PerfMap = parsed.GetValue(_perfMap),
            Verbose = parsed.GetValue(_verbose),
            Command = guestCommand,
            Engine = Take(_engine, Choice.Parse<EngineKind>),
            Trace = Take(_trace, (_, text) => TraceSpec.Parse(text)),
            Disks = [.. (parsed.GetValue(_disk) ?? []).Select(d => Try(problems, () => DiskSpec.Parse(d))).OfType<DiskConfig>()],
        };
        string[] networks = parsed.GetValue(_net) ?? [];
        if (networks.Length > 0) options = options with { Networks = [.. networks.Where(n => n != NetworkSpec.None).Select(n => Try(problems, () => NetworkSpec.Parse(n))).OfType<NetworkConfig>()] };
        options = options with { Forwards = [.. (parsed.GetValue(_publish) ?? []).Select(p => Try(problems, () => ForwardSpec.Parse(_publish.Name, p))).OfType<PortForward>().Select(f => f.ToString())] };
        if (parsed.GetValue(_codeCache) is not null) options = options with { CodeCacheBytes = Take(_codeCache, MemorySize.Parse) };
        if (parsed.GetValue(_clock) is not null) options = options with { Clock = Take(_clock, Choice.Parse<ClockKind>) };
        if (parsed.GetValue(_seed) is not null) options = options with { Seed = Take(_seed, WholeNumber.ParseSeed) };
        if (parsed.GetValue(_startTime) is not null) options = options with { StartTime = Take(_startTime, Moment.Parse) };
        if (parsed.GetValue(_console) is not null) options = options with { Console = Take(_console, Choice.Parse<ConsoleRoute>) };
        if (parsed.GetValue(_cpus) is not null) options = options with { Cpus = Take(_cpus, (flag, text) => WholeNumber.Parse(flag, text, 1, VmConfigValidator.MaxCpus)) };
        if (parsed.GetValue(_memory) is not null) options = options with { MemoryBytes = Take(_memory, MemorySize.Parse) };
        if (parsed.GetValue(_mmu) is not null) options = options with { Paging = Take(_mmu, Choice.Parse<PagingMode>) };
        if (parsed.GetValue(_timeout) is not null) options = options with { Timeout = Take(_timeout, Duration.Parse) };
        problems.AddRange(Contradictions(options));
        if (problems.Count == 0) return options;
        throw new DoppelException(ErrorKind.Usage, string.Join('\n', problems.Select(p => p.Message)), string.Join('\n', problems.Select(p => p.Hint).Distinct()));
    }

    private static IEnumerable<DoppelException> Contradictions(RunOptions options)
    {
        if (options.Image is not null && !options.IsOwnGuest) yield return Usage($"'{options.Image}' brings its own kernel, and so does --{(options.Kernel is null ? "bios" : "kernel")}", "one of the two");
        if (options.Initrd is not null && options.Kernel is null) yield return Usage("--initrd needs a kernel to read it", "--kernel FILE --initrd FILE");
        if (options.Packages.Count > 0 && !options.IsOwnGuest) yield return Usage("--package adds to the default guest only", "leave --kernel and --bios out");
        if (options.PerfMap && options.Engine == EngineKind.Interpreter) yield return Usage("--perf-map names generated code, and the interpreter makes none", "--engine translator");
        if (options.Clock == ClockKind.Real && options.Seed is not null) yield return Usage("--seed needs --clock virtual: with the real clock no run is like another", "--clock virtual --seed N");
        if (options.Clock == ClockKind.Real && options.StartTime is not null) yield return Usage("--start-time needs --clock virtual: the real clock has the host's time", "--clock virtual --start-time TIME");
        if (options.Clock == ClockKind.Real && options.Trace is { } trace && (trace.Categories & TraceCategory.Hash) != 0 && trace.Categories != TraceSpec.All)
            yield return Usage("--trace hash needs --clock virtual: with the real clock no run is like another", "--clock virtual --trace hash");
        if (options.Forwards.Count > 0 && options.AllNetworks.All(n => n.Kind != NetworkKind.User)) yield return Usage("--publish needs a network of the kind user to lead into", "--net user");
        if (options.Command is null) yield break;
        if (options.Command.Count == 0) yield return Usage("no command follows '--'", "doppel run -- uname -a");
        if (!options.IsOwnGuest) yield return Usage("only Doppel's own guests can be given a command", "leave --kernel and --bios out");
    }

    private static T? Try<T>(List<DoppelException> problems, Func<T>? parse)
    {
        if (parse is null) return default;
        try
        {
            return parse();
        }
        catch (DoppelException exception) when (exception.Kind == ErrorKind.Usage)
        {
            problems.Add(exception);
            return default;
        }
    }

    private static DoppelException Usage(string message, string hint) => new(ErrorKind.Usage, message, hint);

    private static Option<string?> Text(string name, string value, string description, params string[] aliases) => new(name, aliases) { HelpName = value, Description = description };

    private static Option<string[]> Many(string name, string value, string description, params string[] aliases) => new(name, aliases) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore };

    private static Option<string?> OneOf<T>(string name, string description) where T : struct, Enum
    {
        Option<string?> option = Text(name, string.Join('|', Choice.Names<T>()), description);
        option.CompletionSources.Add([.. Choice.Names<T>()]);
        return option;
    }
}
