using Doppel.Backends.Net.User.Wire;
using Doppel.Core.Net;

namespace Doppel.Backends.Net.User.Services;

/// <summary>Which guest has which address, as their frames say. Bounded; the one that has been silent the longest goes.</summary>
internal sealed class NeighbourTable(int limit)
{
    private readonly Dictionary<Address, (MacAddress Mac, long Heard)> _entries = [];

    public int Count => _entries.Count;

    public MacAddress? Find(in Address address) => _entries.TryGetValue(address, out var entry) ? entry.Mac : null;

    public void Learn(in Address address, MacAddress mac, long now)
    {
        if (!mac.IsStation) return;
        if (!_entries.ContainsKey(address) && _entries.Count >= limit) _entries.Remove(_entries.MinBy(e => e.Value.Heard).Key);
        _entries[address] = (mac, now);
    }
}
