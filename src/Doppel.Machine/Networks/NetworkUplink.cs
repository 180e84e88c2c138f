using Doppel.Backends.Net.Switch;
using Doppel.Backends.Net.User;
using Doppel.Core.Net;

namespace Doppel.Machine.Networks;

/// <summary>The way out of a network that has a name: a gateway of the user-mode network, plugged into its switch beside the machines, in segment 1.</summary>
internal sealed class NetworkUplink : IDisposable
{
    /// <summary>What its port is called; no machine can be.</summary>
    public const string PortName = "(uplink)";

    private const string Leases = "leases";
    private readonly SwitchPort _port;
    private readonly UserNetwork _gateway;

    /// <exception cref="Core.Errors.DoppelException">The settings make no sense.</exception>
    public NetworkUplink(NetworkFolder folder, string name, UserNetworkSettings settings, VirtualSwitch network)
    {
        UserNetworkConfig config = settings.Read() with { LeaseFile = folder.File(Leases), NameOf = adapter => MachineOf(network, adapter) };
        _gateway = new UserNetwork(config, name);
        _port = network.AddPort(new SwitchPortOptions { Name = PortName });
        _gateway.Connect(_port.Connect(_gateway));
    }

    /// <summary>See <see cref="NetworkVerb.EndConnections"/>.</summary>
    public void EndConnections(MacAddress adapter, ReadOnlyMemory<byte> saved) => _gateway.EndConnections(adapter, saved);

    /// <summary>See <see cref="NetworkVerb.SaveConnections"/>.</summary>
    public byte[] SaveConnections(MacAddress adapter) => _gateway.SaveConnections(adapter);

    public async Task<IReadOnlyList<NetworkLease>> LeasesAsync() =>
        [.. (await _gateway.LeasesAsync().ConfigureAwait(false)).Select(l => new NetworkLease(l.HardwareAddress, l.Address.ToString(), l.HostName))];

    public void Dispose()
    {
        _port.Dispose();
        _gateway.Dispose();
    }

    private static string? MachineOf(VirtualSwitch network, MacAddress adapter) => network.Ports.FirstOrDefault(p => network.AddressesOf(p).Contains(adapter))?.Options.Name;
}
