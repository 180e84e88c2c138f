using System.Net;
using Doppel.Core.Errors;
using Doppel.Core.Net;
using Doppel.Engines.Translator;
using Doppel.Host.Files;
using Doppel.Machine.Boards;
using Doppel.Machine.Boot;
using Doppel.Machine.Networks;

namespace Doppel.Machine;

/// <summary>Finds everything that is wrong with a configuration at once, each thing with its path and what to do about it.</summary>
public static class VmConfigValidator
{
    public const int MaxCpus = 8;
    public const ulong MinMemoryBytes = 32UL << 20;

    /// <summary>What the board's memory map and Sv39 kernels have room for.</summary>
    public const ulong MaxMemoryBytes = 64UL << 30;

    private const int MaxPorts = 30;

    /// <summary>Linux's own limit (<c>COMMAND_LINE_SIZE</c> of arch/riscv), end mark included.</summary>
    private const int MaxAppend = 1024;

    /// <summary>A guest may be promised more memory than the host has free, since it rarely uses all; but not beyond reason.</summary>
    private const int MaxOvercommit = 4;

    private const ulong Page = 4096;

    /// <summary>All problems; none if the machine can be built. Reads the files that the configuration names, but takes no locks.</summary>
    public static IReadOnlyList<ConfigProblem> Validate(VmConfig config)
    {
        var problems = new ConfigProblems();
        _ = Check(config, problems);
        CheckDisks(config, problems);
        return problems.All;
    }

    /// <summary>Everything but the disks, which the builder opens anyway.</summary>
    /// <returns>Null only if there are problems.</returns>
    internal static BootPlan? Check(VmConfig config, ConfigProblems problems)
    {
        CheckSettings(config, problems);
        var images = BootImages.Load(config, problems);
        BootLayout? layout = problems.Concerns("memory") || problems.Concerns("kernel") || problems.Concerns("bios") || problems.Concerns("initrd")
            ? null
            : BootLayout.Plan(config.MemoryBytes, images, problems);
        return layout is null ? null : new BootPlan(config, images, layout);
    }

    /// <summary>What can be judged without any file.</summary>
    internal static void CheckSettings(VmConfig config, ConfigProblems problems)
    {
        CheckSizes(config, problems);
        CheckEngine(config, problems);
        CheckCodeCache(config, problems);
        CheckClock(config, problems);
        CheckNames(config, problems);
        CheckNetworks(config, problems);
        CheckBootSettings(config, problems);
        foreach ((string change, int i) in config.DeviceTreeChanges.Select((c, i) => (c, i))) CheckChange(change, i, problems);
    }

    private static void CheckSizes(VmConfig config, ConfigProblems problems)
    {
        if (config.Cpus is < 1 or > MaxCpus) problems.Add("cpus", $"{config.Cpus} processors are not possible", $"use 1 to {MaxCpus}");
        if (!Enum.IsDefined(config.Cpu.Paging)) problems.Add("cpu.paging", $"there is no Sv{(int)config.Cpu.Paging}", "use Sv39, Sv48 or Sv57");

        ulong memory = config.MemoryBytes;
        ulong host = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (memory < MinMemoryBytes) problems.Add("memory", $"{Size(memory)} are too little for any machine", $"use at least {MinMemoryBytes >> 20}M");
        else if (memory > MaxMemoryBytes) problems.Add("memory", $"{Size(memory)} are more than the board has room for", $"use at most {MaxMemoryBytes >> 30}G");
        else if (memory / MaxOvercommit > host) problems.Add("memory", $"{Size(memory)} are too much for this host, which has {Size(host)}", $"use at most {host * MaxOvercommit >> 20}M", ErrorKind.InsufficientResources);
        else if (memory % Page != 0) problems.Add("memory", $"{memory} bytes are no whole number of 4 KiB pages", $"use {memory / Page * Page}");
    }

    /// <summary>Whether an engine runs machines on this host.</summary>
    public static bool Supports(EngineKind engine) => engine switch
    {
        EngineKind.Auto or EngineKind.Interpreter => true,
        EngineKind.Translator => CodeTranslator.IsSupported,
        _ => false,
    };

    private static void CheckEngine(VmConfig config, ConfigProblems problems)
    {
        if (Supports(config.Engine)) return;
        string engine = config.Engine.ToString().ToLowerInvariant();
        string why = config.Engine == EngineKind.Kvm ? "it runs guests of the host's own architecture only" : "it needs Linux on x86-64";
        problems.Add("engine", $"'{engine}' cannot run this machine: {why}", "use auto or interpreter");
    }

    private static void CheckCodeCache(VmConfig config, ConfigProblems problems)
    {
        if (config.CodeCacheBytes is not { } bytes) return;
        if (bytes < TranslatorOptions.MinCodeBytes) problems.Add("codeCache", $"{Size(bytes)} are too little for translated code", $"use at least {TranslatorOptions.MinCodeBytes >> 20}M");
        else if (bytes > TranslatorOptions.MaxCodeBytes) problems.Add("codeCache", $"{Size(bytes)} are more than jumps can reach", $"use at most {TranslatorOptions.MaxCodeBytes >> 20}M");
        else if (config.Engine == EngineKind.Interpreter) problems.Add("codeCache", "the interpreter translates nothing", "leave it out, or use the translator");
    }

    private static void CheckClock(VmConfig config, ConfigProblems problems)
    {
        if (!Enum.IsDefined(config.Clock)) problems.Add("clock", $"there is no clock {(int)config.Clock}", "use Real or Virtual");
        if (config.StartTime < DateTimeOffset.UnixEpoch) problems.Add("startTime", "real-time clocks begin in 1970", "give a later time");
        if (config.Clock == ClockKind.Virtual) return;
        if (config.Seed is not null) problems.Add("seed", "with the real clock no run is like another", "choose the virtual clock, or leave the seed out");
        if (config.StartTime is not null) problems.Add("startTime", "the real clock has the host's time", "choose the virtual clock, or leave the start time out");
    }

    private static void CheckNames(VmConfig config, ConfigProblems problems)
    {
        if (string.IsNullOrWhiteSpace(config.Name) || config.Name.Any(char.IsControl)) problems.Add("name", "it is empty or has control characters", "give a name");
        if (config.Ports.Count > 0 && !config.VirtioConsole) problems.Add("ports", "they are part of the virtio console, which is switched off", "switch it on");
        if (config.Ports.Count > MaxPorts) problems.Add("ports", $"{config.Ports.Count} are too many", $"use at most {MaxPorts}");
        for (int i = 0; i < config.Ports.Count; i++)
        {
            string name = config.Ports[i];
            if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c))) problems.Add($"ports[{i}]", $"'{name}' is no name for a port", "use 1 to 64 letters, digits, '.', '_' or '-'");
            else if (config.Ports.Take(i).Contains(name)) problems.Add($"ports[{i}]", $"there is a port '{name}' already", "give each its own name");
        }
    }

    private static void CheckNetworks(VmConfig config, ConfigProblems problems)
    {
        int room = RiscVVirt.NetworkSlots(config);
        if (config.Networks.Count > Math.Max(room, 0)) problems.Add("networks", $"{config.Networks.Count} are too many beside {config.Disks.Count} disks", $"use at most {Math.Max(room, 0)}");
        if (config.Networks.Count > 0 && config.Clock == ClockKind.Virtual) problems.Add("networks", "what comes over a network does not repeat, and the virtual clock is there for runs that do", "leave the networks out, or use the real clock");
        for (int i = 0; i < config.Networks.Count; i++)
        {
            NetworkConfig network = config.Networks[i];
            if (network.Mtu is < NetworkConfig.MinMtu or > NetworkConfig.MaxMtu) problems.Add($"networks[{i}].mtu", $"packets of {network.Mtu} bytes are not possible", $"use {NetworkConfig.MinMtu} to {NetworkConfig.MaxMtu}");
            CheckUserNetwork(network.User, $"networks[{i}].user", problems);
            CheckSegments(network, $"networks[{i}]", problems);
            if (network.Mac is null) continue;
            if (!MacAddress.TryParse(network.Mac, out MacAddress mac)) problems.Add($"networks[{i}].mac", $"'{network.Mac}' is no address of an adapter", "write for example 02:00:5e:10:00:01");
            else if (!mac.IsStation) problems.Add($"networks[{i}].mac", $"{mac} is not the address of one adapter", "use one whose first octet is even, for example 02:00:5e:10:00:01");
            else if (config.Networks.Take(i).Any(n => MacAddress.TryParse(n.Mac, out MacAddress other) && other == mac)) problems.Add($"networks[{i}].mac", $"another adapter has {mac}, too", "give each its own address");
        }
    }

    private static void CheckUserNetwork(UserNetworkSettings? settings, string path, ConfigProblems problems)
    {
        try
        {
            settings?.Read().Check();
        }
        catch (DoppelException exception)
        {
            problems.Add(path, exception.Message, exception.Hint ?? "docs/network.md", exception.Kind);
        }
    }

    private static void CheckSegments(NetworkConfig network, string path, ConfigProblems problems)
    {
        if (!Enum.IsDefined(network.Kind)) problems.Add($"{path}.kind", $"there is no kind {(int)network.Kind} of network", "use Host, User, Named or Tap");
        if (network.Kind is NetworkKind.Named or NetworkKind.Tap && string.IsNullOrEmpty(network.Name)) problems.Add($"{path}.name", "it is missing", "give the name of a network, or of a tap interface");
        ushort[] wrong = [.. network.Trunk.Append(network.Vlan).Where(v => v is < 1 or > NetworkPorts.MaxVlan)];
        if (wrong.Length > 0) problems.Add($"{path}.vlan", $"{wrong[0]} is no segment", $"use 1 to {NetworkPorts.MaxVlan}");
        if (network.Addresses.FirstOrDefault(a => !IPAddress.TryParse(a, out _)) is { } address) problems.Add($"{path}.addresses", $"'{address}' is no IP address", "write for example 10.0.0.1");
        if (network.Addresses.Count > 0 && !network.Locked) problems.Add($"{path}.addresses", "they count for a locked adapter only", "lock it, or leave the addresses out");
        if (network.BytesPerSecond < 0) problems.Add($"{path}.bytesPerSecond", $"{network.BytesPerSecond} is no rate", "use 0 for no limit");
        bool separate = network.Isolated || network.Locked || network.Vlan != 1 || network.Trunk.Count > 0 || network.BytesPerSecond > 0;
        if (separate && network.Kind != NetworkKind.Named) problems.Add($"{path}.kind", "segments, locks and rates are a named network's", "plug the adapter into a named network, or leave them out");
    }

    private static void CheckBootSettings(VmConfig config, ConfigProblems problems)
    {
        if (config.Kernel is null && config.Bios is null) problems.Add("kernel", "there is nothing to boot", "give a kernel, or a bios");
        if (config.Kernel is null && config.Append.Length > 0) problems.Add("append", "there is no kernel to give a command line to", "give a kernel too");
        if (config.Kernel is null && (config.Initrd is not null || config.InitrdExtras.Count > 0)) problems.Add("initrd", "there is no kernel to give an initrd to", "give a kernel too");
        if (config.Append.Any(c => char.IsControl(c) && c != '\t')) problems.Add("append", "it has control characters", "write it on one line");
        else if (System.Text.Encoding.UTF8.GetByteCount(config.Append) >= MaxAppend) problems.Add("append", "it is too long for Linux", $"use less than {MaxAppend} bytes");
    }

    private static void CheckChange(string change, int index, ConfigProblems problems)
    {
        try
        {
            _ = DeviceTreeChange.Parse(change);
        }
        catch (FormatException exception)
        {
            problems.Add($"deviceTree[{index}]", exception.Message, "write for example /chosen:my-flag, /soc:my-number=<0x10> or /chosen:my-text=\"on\"");
        }
    }

    /// <summary>That there are not too many, and that each can be read (and written).</summary>
    internal static void CheckDisks(VmConfig config, ConfigProblems problems)
    {
        int room = RiscVVirt.DiskSlots(config);
        if (config.Disks.Count > room) problems.Add("disks", $"{config.Disks.Count} are too many", $"use at most {room}");
        for (int i = 0; i < config.Disks.Count; i++)
        {
            DiskConfig disk = config.Disks[i];
            if (Directory.Exists(disk.Path))
            {
                problems.Add($"disks[{i}].path", $"{disk.Path} is a directory", "give a disk image");
                continue;
            }

            if (PipeFile.IsAt(disk.Path))
            {
                problems.Add($"disks[{i}].path", $"{disk.Path} is a pipe", "give a disk image");
                continue;
            }

            try
            {
                using var file = new FileStream(disk.Path, FileMode.Open, disk.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite);
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                problems.Add($"disks[{i}].path", $"{disk.Path} does not exist", "check the path", ErrorKind.NotFound);
            }
            catch (UnauthorizedAccessException)
            {
                string doing = disk.ReadOnly ? "read" : "written";
                problems.Add($"disks[{i}].path", $"{disk.Path} may not be {doing}", "check its permissions, or attach it read-only", ErrorKind.Denied);
            }
            catch (Exception exception) when (exception is IOException or ArgumentException or NotSupportedException)
            {
                problems.Add($"disks[{i}].path", $"{disk.Path} cannot be opened: {exception.Message.TrimEnd('.')}", "check the path", ErrorKind.Failed);
            }
        }
    }

    private static string Size(ulong bytes) => bytes >> 20 == 0 ? $"{bytes} bytes" : $"{bytes >> 20} MiB";
}
