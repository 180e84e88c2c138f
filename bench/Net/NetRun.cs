using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Doppel.Images.Store;

namespace Doppel.Bench.Net;

/// <summary>How fast networks are, side by side: iperf3 between the host and guests, and between two guests.</summary>
internal sealed class NetRun(BenchOptions options, BenchGuest guest, Results results, Action<string> progress)
{
    public const string Class = "network";

    /// <summary>Of Debian, on the host and in guests.</summary>
    private const string Package = "iperf3";

    private const string HostProgram = "iperf3";
    private const string State = "DOPPEL_STATE";
    private const int Seconds = 4;

    private readonly NetTable _table = new();
    private readonly int _seconds = Math.Max(1, (int)Math.Round(Seconds * options.Scale));

    /// <summary>A guest that has iperf3.</summary>
    /// <exception cref="BenchException">The host has none.</exception>
    public static Task<BenchGuest> GuestAsync(ImageStore store, string program, string sources, string folder)
    {
        try
        {
            Toolchain.FirstLine(HostProgram);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new BenchException($"{HostProgram} is missing; apt-get install {Package}");
        }

        return BenchGuest.WithAgentAsync(store, [Package], 512, program, sources, folder);
    }

    /// <summary>Who is measured: the host has no guest, and the interpreter is no contender for speed.</summary>
    public static IReadOnlyList<Contender> Among(IEnumerable<Contender> contenders) => [.. contenders.Where(c => c is not NativeContender && c.Name != "interpreter")];

    /// <summary>All rounds; every contender is started anew for each.</summary>
    public async Task<NetTable> MeasureAsync(IReadOnlyList<Contender> contenders)
    {
        IReadOnlyList<Contender> those = Among(contenders);

        // QEMU has two kinds of cables.
        IReadOnlyList<Contender> cabled = [.. those, .. those.OfType<QemuContender>().Select(q => q with { Name = NetTable.Datagrams })];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("doppel-bench-");
        string? state = Environment.GetEnvironmentVariable(State);
        try
        {
            // The networks with names of whoever measures are left alone.
            Environment.SetEnvironmentVariable(State, Path.Combine(folder.FullName, "state"));
            for (int round = 1; round <= options.Rounds; round++)
            {
                await RoundAsync(those, [.. NetTest.All.Where(t => t.Way != Way.GuestToGuest)], round, _ => [new UserPlug(FreePort())]);
                await RoundAsync(cabled, [.. NetTest.All.Where(t => t.Way == Way.GuestToGuest)], round, contender => Cable(contender, folder.FullName, round));
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable(State, state);
            folder.Delete(recursive: true);
        }

        return _table;
    }

    private async Task RoundAsync(IReadOnlyList<Contender> contenders, IReadOnlyList<NetTest> tests, int round, Func<Contender, IReadOnlyList<Plug>> plugs)
    {
        Dictionary<Contender, NetMachines> running = [];
        try
        {
            foreach (Contender contender in contenders)
            {
                progress($"starting {contender.Name}");
                try
                {
                    running[contender] = await NetMachines.StartAsync(contender, guest, plugs(contender), options.Timeout);
                }
                catch (Exception failure) when (failure is RunFailedException or EngineMissingException)
                {
                    results.Fail(null, contender, $"{Class}: {failure.Message}");
                }
            }

            foreach (NetTest test in tests)
            {
                foreach ((Contender contender, NetMachines machines) in running)
                {
                    progress($"round {round} of {options.Rounds}: {test.Name}: {contender.Name}");
                    try
                    {
                        (Transfer transfer, TimeSpan cpu) = await machines.RunAsync(test, _seconds, options.Timeout);
                        _table.Add(test, contender.Name, transfer, cpu);
                    }
                    catch (RunFailedException failure)
                    {
                        results.Fail(null, contender, $"{Class}: {test.Name}: {failure.Message}");
                    }
                }
            }
        }
        finally
        {
            foreach (NetMachines machines in running.Values) await machines.DisposeAsync();
        }
    }

    private static CablePlug[] Cable(Contender contender, string folder, int round)
    {
        string network = $"bench-{round}";
        if (contender is DoppelContender doppel)
        {
            using Process create = Process.Start(new ProcessStartInfo(doppel.Program, ["net", "create", network]) { RedirectStandardOutput = true })!;
            create.WaitForExit();
            if (create.ExitCode != 0) throw new RunFailedException($"there is no network: doppel ended with code {create.ExitCode}", true);
        }

        return [.. new[] { 1, 2 }.Select(number => new CablePlug(network, Path.Combine(folder, network), number, contender.Name == NetTable.Datagrams))];
    }

    /// <summary>One that is free for TCP; UDP is hardly used by others.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
