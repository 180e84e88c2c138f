using Doppel.Backends.Net.User.Loop;
using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>
/// Which adapter has which address, and under which name: for as long as the gateway lives, or its file, by its Ethernet address. Only when all addresses are given away does the
/// oldest lease that has run out go. The file is written once a second at most, as a guest makes up adapters as fast as it likes.
/// </summary>
internal sealed class LeaseTable : Timed
{
    /// <summary>Seconds that a client may use an address before it asks again.</summary>
    public const uint Seconds = 86_400;

    /// <summary>Milliseconds between two times that the file is written.</summary>
    public const long WritePause = 1000;

    private readonly UserNetworkConfig _config;
    private readonly DeadlineQueue _deadlines;
    private readonly Action<Exception> _fault;
    private readonly Dictionary<MacAddress, Lease> _leases = [];
    private readonly Dictionary<Address, Lease> _byAddress = [];
    private readonly HashSet<Address> _declined = [];
    private long _mayWrite;

    /// <param name="fault">Told when the file cannot be written; leases hold all the same.</param>
    public LeaseTable(UserNetworkConfig config, DeadlineQueue deadlines, Action<Exception> fault)
    {
        (_config, _deadlines, _fault) = (config, deadlines, fault);
        if (config.LeaseFile is not { } file) return;
        foreach ((MacAddress client, Address address, string name) in LeaseFile.Read(file))
        {
            // What the file says of another network, or twice, counts for nothing.
            if (!IsFree(address) || _leases.ContainsKey(client)) continue;
            Add(new Lease(client, address) { HostName = name });
        }
    }

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
        Add(lease);
        Save();
        return lease;
    }

    /// <summary>Gives a client its name, unless another one has it: the one by which it is known, else the one that it gives itself.</summary>
    public void Name(Lease lease, string itself)
    {
        string name = _config.NameOf?.Invoke(lease.Client)?.ToLowerInvariant() is { } known && DhcpMessage.IsName(known) ? known : itself;
        if (name == lease.HostName || name is "" or "gateway" or "host" || Find(name) is not null) return;
        lease.HostName = name;
        Save();
    }

    /// <summary>Somebody else uses the address.</summary>
    public void Decline(MacAddress client)
    {
        if (Find(client) is not { } lease) return;
        Remove(lease);
        Save();

        // A guest that declines everything must not use the network up.
        if (_declined.Count >= 16) _declined.Clear();
        _declined.Add(lease.Address);
    }

    public override void OnDue(long now)
    {
        _mayWrite = now + WritePause;
        Write(_config.LeaseFile!);
    }

    /// <summary>Writes what is not in the file yet. After the loop has ended.</summary>
    public void Close()
    {
        if (Deadline != long.MaxValue) Write(_config.LeaseFile!);
    }

    private bool IsFree(in Address address) =>
        address.IsV4 && _config.IsGuest(address) && address.V4 >= _config.Base + _config.FirstNumber && !_byAddress.ContainsKey(address) && !_declined.Contains(address);

    private Address? NextFree()
    {
        for (uint number = _config.Base + _config.FirstNumber; number < _config.BroadcastV4 && number - _config.Base < 4096; number++)
        {
            Address address = Address.FromV4(number);
            if (IsFree(address)) return address;
        }

        return null;
    }

    private void Add(Lease lease)
    {
        _leases.Add(lease.Client, lease);
        _byAddress.Add(lease.Address, lease);
    }

    private void Save()
    {
        if (_config.LeaseFile is not null && Deadline == long.MaxValue) _deadlines.Set(this, _mayWrite);
    }

    private void Write(string file)
    {
        try
        {
            LeaseFile.Write(file, _leases.Values);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _fault(exception);
        }
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
