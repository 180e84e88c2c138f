using System.Diagnostics;

namespace Doppel.Bench.Net;

/// <summary>One guest, or two with a cable between them; iperf3 listens in the first.</summary>
internal sealed class NetMachines : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly List<Session> _sessions = [];
    private readonly IReadOnlyList<Plug> _plugs;

    private NetMachines(IReadOnlyList<Plug> plugs) => _plugs = plugs;

    /// <exception cref="EngineMissingException">The contender is not offered here.</exception>
    /// <exception cref="RunFailedException">A machine or its network does not come up.</exception>
    public static async Task<NetMachines> StartAsync(Contender contender, BenchGuest guest, IReadOnlyList<Plug> plugs, TimeSpan timeout)
    {
        var machines = new NetMachines(plugs);
        try
        {
            foreach (Plug plug in plugs)
            {
                Session session = await Session.StartAsync(contender, guest with { Plug = plug }, timeout);
                machines._sessions.Add(session);
                await session.ShellAsync($"modprobe -a virtio_mmio virtio_net && ip link set lo up && ip link set eth0 up && ip address add {plug.Address}/24 dev eth0", timeout);
                if (plug is UserPlug) await session.ShellAsync("ip route add default via 10.0.2.2", timeout);
            }

            await machines._sessions[0].ShellAsync("iperf3 -s -D", timeout);
            return machines;
        }
        catch
        {
            await machines.DisposeAsync();
            throw;
        }
    }

    /// <summary>One transfer, with the processor time that the emulators took for it, guests included.</summary>
    /// <exception cref="RunFailedException">It has failed.</exception>
    public async Task<(Transfer Transfer, TimeSpan Cpu)> RunAsync(NetTest test, int seconds, TimeSpan timeout)
    {
        // A server that clears up after the transfer before resets whoever is too early.
        await Task.Delay(Pause);
        ProcessTime[] before = [.. _sessions.Select(s => s.Time)];
        string report = test.Way == Way.GuestToGuest
            ? await _sessions[1].ShellAsync($"iperf3 {string.Join(' ', test.Client(_plugs[0].Address, Plug.Port, seconds))} | tr -d '\\n'; echo", timeout)
            : await OnHostAsync(test.Client("127.0.0.1", ((UserPlug)_plugs[0]).HostPort, seconds), timeout);
        var cpu = new TimeSpan(_sessions.Select((s, i) => s.Time.Since(before[i]).Ticks).Sum());
        return (Transfer.Read(report, test.IsUdp), cpu);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Session session in _sessions) await session.DisposeAsync();
    }

    private static async Task<string> OnHostAsync(IReadOnlyList<string> arguments, TimeSpan timeout)
    {
        using Process process = Process.Start(new ProcessStartInfo("iperf3", arguments) { RedirectStandardOutput = true })!;
        using var late = new CancellationTokenSource(timeout);
        try
        {
            return await process.StandardOutput.ReadToEndAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new RunFailedException("iperf3 did not end in time", false);
        }
    }
}
