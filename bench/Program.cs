// Doppel beside QEMU and the host: the same kernel, the same programs, in turns. Prints one table of medians and writes it to a file.
using Doppel.Bench;
using Doppel.Bench.Net;
using Doppel.Bench.States;
using Doppel.Core.Errors;
using Doppel.Images.Store;

if (args is ["--help" or "-h" or "help"])
{
    Console.WriteLine(BenchOptions.Usage);
    return 0;
}

try
{
    BenchOptions options = BenchOptions.Parse(args);
    string sources = Path.Combine(Root(), "bench", "guest"), folder = Path.Combine(Root(), "artifacts", "bench");
    BenchProgram[] programs = [.. Catalog.Read(await File.ReadAllTextAsync(Path.Combine(sources, "programs.h"))).Where(options.Wants)];
    bool network = options.Only.Count == 0 || options.Only.Contains(NetRun.Class);
    bool states = options.Only.Count == 0 || options.Only.Contains(StateRun.Class);
    if (programs.Length == 0 && !network && !states) throw new FormatException($"there is no class and no program '{string.Join(',', options.Only)}'");

    string program = Toolchain.BuildForGuest(sources, folder);
    Contender[] contenders = [.. options.Engines.Select(Make)];
    using var store = new ImageStore();
    BenchGuest small = await BenchGuest.WithAgentAsync(store, [], 512, program, sources, folder);
    BenchProgram[] debian = [.. programs.Where(p => p.Place == Place.DebianGuest)], anywhere = [.. programs.Where(p => p.Place == Place.Anywhere)], twice = [.. programs.Where(p => p.Place == Place.TwoProcessors)], disk = [.. programs.Where(p => p.Place == Place.GuestWithDisk)];
    BenchGuest? large = debian.Length == 0 ? null : await BenchGuest.WithAgentAsync(store, Catalog.Packages, 2048, program, sources, folder);

    BenchGuest? login = programs.Any(p => p.Place == Place.ToLogin) ? await BenchGuest.DebianAsync(store, folder) : null;
    BenchGuest? networked = network ? await NetRun.GuestAsync(store, program, sources, folder) : null;

    var results = new Results();
    var runner = new Runner(options, results, Progress);
    string load = Report.Load();
    for (int round = 1; round <= options.Rounds; round++)
    {
        // The interpreter is the reference for what comes out, and many times slower: once is enough.
        Contender[] now = [.. contenders.Where(c => round == 1 || c.Name != "interpreter" || contenders.Length == 1)];
        foreach (BenchProgram boot in programs.Where(p => p.Place is Place.ToPowerOff or Place.ToLogin)) await runner.BootAsync((boot.Place == Place.ToLogin ? login! : small) with { Cpus = boot.Cpus }, boot, now, round);
        if (anywhere.Length > 0) await runner.RoundAsync(_ => small, anywhere, now, round);
        if (twice.Length > 0) await runner.RoundAsync(_ => small with { Cpus = twice[0].Cpus }, twice, now, round);
        if (disk.Length > 0) await runner.RoundAsync(contender => small.WithDisk(folder, contender.Name), disk, [.. now.Where(c => c is not NativeContender)], round);
        if (large is not null) await runner.RoundAsync(_ => large, debian, [.. now.Where(c => c is not NativeContender)], round);
    }

    Contender[] present = [.. contenders.Where(c => !runner.Missing.Contains(c.Name))];
    NetTable? networks = networked is null ? null : await new NetRun(options, networked, results, Progress).MeasureAsync(present);
    StateTable? saved = states ? await StateRun.MeasureAsync(small, options, options.Doppel ?? BuiltDoppel(), folder, Progress) : null;
    string text = Report.Render(results, new ResultTable(results, programs, present), programs, present, networks, saved, small, options, load);
    Console.Write(text);
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Output))!);
    await File.WriteAllTextAsync(options.Output, text);
    return results.Failures.Count == 0 && saved is not { Failures.Count: > 0 } && !results.Disagreements().Any() ? 0 : 1;

    static void Progress(string line) => Console.Error.WriteLine("bench: " + line);

    Contender Make(string engine) => engine switch
    {
        "qemu" => new QemuContender(options.Qemu),
        "native" => new NativeContender(Toolchain.BuildForHost(sources, folder)),
        _ => new DoppelContender(engine, options.Doppel ?? BuiltDoppel()),
    };
}
catch (FormatException error)
{
    Console.Error.WriteLine($"bench: {error.Message}\n\n{BenchOptions.Usage}");
    return 2;
}
catch (Exception error) when (error is BenchException or DoppelException)
{
    Console.Error.WriteLine("bench: " + error.Message);
    return 1;
}

// The build leaves all programs side by side, by configuration.
static string BuiltDoppel() => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "Doppel.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "doppel"));

static string Root() => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));
