using System.Diagnostics;
using System.Globalization;
using Doppel.Fuzz.Devices;
using Doppel.Fuzz.Generated;
using Doppel.Fuzz.Guest;
using Doppel.Fuzz.Inputs;
using Doppel.Fuzz.Net;

// Each driver runs for a time with a seed that is printed, and ends with code 1 at the first finding.
string driver = args.Length > 0 ? args[0] : "help";
double seconds = double.Parse(Option("--seconds") ?? "60", CultureInfo.InvariantCulture);
TimeSpan time = TimeSpan.FromSeconds(seconds);
ulong seed = ulong.Parse(Option("--seed") ?? Random.Shared.NextInt64(1, 1_000_000_000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
switch (driver)
{
    case "guest":
        return await GuestAsync(int.Parse(Option("--harts") ?? "1", CultureInfo.InvariantCulture), double.Parse(Option("--run") ?? "5", CultureInfo.InvariantCulture));
    case "decoder":
        return Report(driver, DecoderRun.Run(seed, time));
    case "csr":
        return Report(driver, CsrRun.Run(seed, time));
    case "ir":
        return Report(driver, IrRun.Run(seed, time));
    case "translation":
        return Report(driver, TranslationRun.Run(seed, time));
    case "generated":
        return Report(driver, GeneratedRun.Run(seed, time));
    case GeneratedRun.ChildName:
        return GeneratedChild.Run(seed, time);
    case "gateway":
        return Report(driver, GatewayRun.Run(seed, time));
    case "switch":
        return Report(driver, SwitchRun.Run(seed, time));
    case "cable":
        return await InFolderAsync(async folder => Report(driver, await CableRun.RunAsync(seed, time, folder).ConfigureAwait(false))).ConfigureAwait(false);
    case "virtqueue":
        return Report(driver, VirtqueueRun.Run(seed, time, networkOnly: false));
    case "virtio-net":
        return Report(driver, VirtqueueRun.Run(seed, time, networkOnly: true));
    case "snapshot":
        return await InFolderAsync(async folder => Report(driver, await SnapshotRun.RunAsync(seed, time, folder).ConfigureAwait(false))).ConfigureAwait(false);
    case "qcow2":
        return await InFolderAsync(async folder => Report(driver, await Qcow2Run.RunAsync(seed, time, folder).ConfigureAwait(false))).ConfigureAwait(false);
    case "machine-file":
        return await InFolderAsync(async folder => Report(driver, await MachineFileRun.RunAsync(seed, time, folder).ConfigureAwait(false))).ConfigureAwait(false);
    case "inputs":
        return InputTarget.All.Max(target => Report(target.Name, InputRun.Run(target, seed, time / InputTarget.All.Count())));
    default:
        if (InputTarget.All.FirstOrDefault(t => t.Name == driver) is { } one) return Report(driver, InputRun.Run(one, seed, time));
        Console.WriteLine($"usage: DRIVER [--seconds N] [--seed S]; drivers: guest [--harts N] [--run SECONDS], decoder, csr, ir, translation, generated, gateway, switch, cable, virtqueue, virtio-net, snapshot, qcow2, machine-file, inputs, {string.Join(", ", InputTarget.All.Select(t => t.Name))}");
        return driver == "help" ? 0 : 2;
}

string? Option(string name)
{
    int index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}

int Report(string name, (long Tried, string? Finding) result)
{
    Console.WriteLine($"{name}: seed {seed}, {result.Tried} inputs, {(result.Finding is null ? "nothing found" : "FOUND: " + result.Finding)}");
    return result.Finding is null ? 0 : 1;
}

async Task<int> InFolderAsync(Func<string, Task<int>> run)
{
    string folder = Directory.CreateTempSubdirectory("doppel-fuzz-").FullName;
    try
    {
        return await run(folder).ConfigureAwait(false);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

Task<int> GuestAsync(int harts, double run) => InFolderAsync(async folder =>
{
    long start = Stopwatch.GetTimestamp();
    for (; Stopwatch.GetElapsedTime(start) < time; seed++)
    {
        GuestOutcome outcome = await GuestRun.RunAsync(seed, harts, TimeSpan.FromSeconds(run), folder).ConfigureAwait(false);
        Console.WriteLine($"seed {seed} harts {harts}: {outcome.Exit.Reason}, rounds {string.Join(" ", outcome.Rounds)}, stop {outcome.StopTime.TotalMilliseconds:f0} ms, resident {Environment.WorkingSet >> 20} MiB; {outcome.Where}");
        if (outcome.Complaint is not { } complaint) continue;
        Console.WriteLine($"FOUND with seed {seed} and {harts} harts: {complaint}");
        return 1;
    }

    return 0;
});
