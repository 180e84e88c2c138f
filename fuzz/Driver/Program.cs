using System.Diagnostics;
using System.Globalization;
using Doppel.Fuzz.Guest;

// Each driver runs for a time with a seed that is printed, and ends with code 1 at the first finding.
string driver = args.Length > 0 ? args[0] : "help";
double seconds = double.Parse(Option("--seconds") ?? "60", CultureInfo.InvariantCulture);
ulong seed = ulong.Parse(Option("--seed") ?? Random.Shared.NextInt64(1, 1_000_000_000).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
switch (driver)
{
    case "guest":
        return await GuestAsync(int.Parse(Option("--harts") ?? "1", CultureInfo.InvariantCulture), double.Parse(Option("--run") ?? "5", CultureInfo.InvariantCulture));
    default:
        Console.WriteLine("usage: guest [--harts N] [--run SECONDS] [--seconds N] [--seed S]");
        return driver == "help" ? 0 : 2;
}

string? Option(string name)
{
    int index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
}

async Task<int> GuestAsync(int harts, double run)
{
    string folder = Directory.CreateTempSubdirectory("doppel-fuzz-").FullName;
    try
    {
        long start = Stopwatch.GetTimestamp();
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; seed++)
        {
            GuestOutcome outcome = await GuestRun.RunAsync(seed, harts, TimeSpan.FromSeconds(run), folder).ConfigureAwait(false);
            Console.WriteLine($"seed {seed} harts {harts}: {outcome.Exit.Reason}, rounds {string.Join(" ", outcome.Rounds)}, stop {outcome.StopTime.TotalMilliseconds:f0} ms, resident {Environment.WorkingSet >> 20} MiB; {outcome.Where}");
            if (outcome.Complaint is not { } complaint) continue;
            Console.WriteLine($"FOUND with seed {seed} and {harts} harts: {complaint}");
            return 1;
        }
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }

    return 0;
}
