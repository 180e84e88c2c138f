using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>
/// Which adapter has which address, and under which name: for as long as the gateway lives, by its Ethernet address. Only when all addresses are given away does the oldest
/// lease that has run out go.
/// </summary>
internal sealed class LeaseTable(UserNetworkConfig config)
{
    /// <summary>Seconds that a client may use an address before it asks again.</summary>
    public const uint Seconds = 86_400;

    private readonly Dictionary<MacAddress, Lease> _leases = [];
    private readonly Dictionary<Address, Lease> _byAddress = [];
    private readonly HashSet<Address> _declined = [];

    public IEnumerable<Lease> All => _leases.Values;

    public Lease? Find(MacAddress client) => _leases.GetValueOrDefault(client);

    public Lease? Find(string name) => _leases.Values.FirstOrDefault(l => l.HostName == name);

    public Lease? Find(in Address address) => _byAddress.GetValueOrDefault(address);

    /// <summary>The lease of a client, a new one if it has none; null if no address is left.</summary>
    /// <param name="wanted">The address that it would like, which a restored machine still has.</param>
    public Lease? Take(MacAddress client, Address? wanted, long now)
    {
        if (Find(client) is { } known)
        {
            known.Until = now + Seconds * 1000L;
            return known;
        }

        Address? free = wanted is { } wish && IsFree(wish) ? wish : NextFree();
        if (free is null && _leases.Values.Where(l => l.Until < now).MinBy(l => l.Until) is { } old)
        {
            Remove(old);
            free = old.Address;
        }

        if (free is not { } address) return null;
        var lease = new Lease(client, address) { Until = now + Seconds * 1000L };
        _leases.Add(client, lease);
        _byAddress.Add(address, lease);
        return lease;
    }

    /// <summary>Gives a client its name, unless another one has it.</summary>
    public void Name(Lease lease, string name)
    {
        if (name.Length > 0 && name is not ("gateway" or "host") && (Find(name) is not { } owner || owner == lease)) lease.HostName = name;
    }

    /// <summary>Somebody else uses the address.</summary>
    public void Decline(MacAddress client)
    {
        if (Find(client) is not { } lease) return;
        Remove(lease);

        // A guest that declines everything must not use the network up.
        if (_declined.Count >= 16) _declined.Clear();
        _declined.Add(lease.Address);
    }

    private bool IsFree(in Address address) =>
        address.IsV4 && config.IsGuest(address) && address.V4 >= config.Base + config.FirstNumber && !_byAddress.ContainsKey(address) && !_declined.Contains(address);

    private Address? NextFree()
    {
        for (uint number = config.Base + config.FirstNumber; number < config.BroadcastV4 && number - config.Base < 4096; number++)
        {
            Address address = Address.FromV4(number);
            if (IsFree(address)) return address;
        }

        return null;
    }

    private void Remove(Lease lease)
    {
        _leases.Remove(lease.Client);
        _byAddress.Remove(lease.Address);
    }
}

/// <summary>An adapter's address.</summary>
internal sealed class Lease(MacAddress client, Address address)
{
    public MacAddress Client { get; } = client;

    public Address Address { get; } = address;

    public string HostName { get; set; } = "";

    /// <summary>When the client should have asked again, in milliseconds of the loop.</summary>
    public long Until { get; set; }
}
