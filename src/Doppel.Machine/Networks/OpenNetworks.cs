using Doppel.Backends.Net.Capture;
using Doppel.Backends.Net.Tap;
using Doppel.Backends.Net.User;
using Doppel.Core.Backends;
using Doppel.Core.Errors;
using Doppel.Core.Metrics;

namespace Doppel.Machine.Networks;

/// <summary>What the adapters of one machine are plugged into, as far as the machine has opened it itself; closed after the machine.</summary>
internal sealed class OpenNetworks : IDisposable
{
    private readonly List<INetworkBackend> _backends = [];
    private readonly List<CapturePoint> _captures = [];
    private readonly Stack<object> _owned = [];

    public IReadOnlyList<INetworkBackend> Backends => _backends;

    /// <summary>Where frames of the adapters can be recorded, in their order.</summary>
    public IReadOnlyList<CapturePoint> Captures => _captures;

    /// <summary>The user-mode networks, in the order of their adapters.</summary>
    public IReadOnlyList<UserNetwork> Users => [.. _owned.OfType<UserNetwork>().Reverse()];

    /// <summary>What they have counted.</summary>
    public IEnumerable<Statistic> Statistics => Users.SelectMany((user, i) => user.Statistics.Select(s => s with { Name = $"user{i}.{s.Name}" }));

    /// <summary>Opens all that can be opened; what cannot is a problem of its adapter.</summary>
    public static OpenNetworks Open(VmConfig config, VmHost host, ConfigProblems problems)
    {
        var networks = new OpenNetworks();
        for (int i = 0; i < config.Networks.Count; i++)
        {
            if (problems.Concerns($"networks[{i}].user")) continue;
            try
            {
                networks._backends.Add(networks.Captured(networks.One(config, host, i), config.Networks[i].Capture));
            }
            catch (DoppelException exception)
            {
                problems.Add($"networks[{i}]", exception.Message, exception.Hint ?? "another network", exception.Kind);
            }
        }

        return networks;
    }

    public void Dispose()
    {
        while (_owned.TryPop(out object? one))
        {
            if (one is IAsyncDisposable later) later.DisposeAsync().AsTask().GetAwaiter().GetResult();
            else ((IDisposable)one).Dispose();
        }
    }

    private INetworkBackend One(VmConfig config, VmHost host, int index)
    {
        NetworkConfig network = config.Networks[index];
        return network.Kind switch
        {
            NetworkKind.User => Own(new UserNetwork((network.User ?? new UserNetworkSettings()).Read(), config.Name)),
            NetworkKind.Named => Own(new SharedNetwork(new NetworkStore().Get(network.Name!), config.Name, network, host.Warning ?? (_ => { }))),
            NetworkKind.Tap => Own(new TapNetwork(network.Name!)),
            _ => host.Networks.ElementAtOrDefault(index) ?? new NoNetwork(),
        };
    }

    private CapturedNetwork Captured(INetworkBackend network, string? file)
    {
        CapturedNetwork captured = file is null ? new CapturedNetwork(network) : new CapturedNetwork(network, Own(new PcapWriter(file)));
        _captures.Add(captured.Point);
        return captured;
    }

    private T Own<T>(T one)
        where T : class
    {
        _owned.Push(one);
        return one;
    }
}
