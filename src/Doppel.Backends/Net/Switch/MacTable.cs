// IEEE Std 802.1Q-2018, sections 8.7 "The Learning Process" and 8.8 "The Filtering Database".
using Doppel.Core.Net;

namespace Doppel.Backends.Net.Switch;

/// <summary>Which address of which segment is behind which port. Bounded; thread-safe.</summary>
internal sealed class MacTable(SwitchOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Entry> _entries = [];
    private readonly Dictionary<SwitchPort, int> _perPort = [];
    private long _swept;

    public int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    /// <summary>Notes where a frame came from.</summary>
    public void Learn(ushort vlan, MacAddress address, SwitchPort port)
    {
        ulong key = Key(vlan, address);
        long now = time.GetTimestamp();
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out Entry? entry))
            {
                entry.Seen = now;
                if (entry.Port == port) return;
                // It has moved, if there is room for it at its new place.
                if (Learned(port) >= options.MaxAddressesPerPort) return;
                Change(entry.Port, -1);
                entry.Port = port;
                Change(port, 1);
                return;
            }

            if (_entries.Count >= options.MaxAddresses || Learned(port) >= options.MaxAddressesPerPort)
            {
                // At most once a second, lest a flood of new addresses makes every frame expensive.
                if (time.GetElapsedTime(_swept, now) < TimeSpan.FromSeconds(1)) return;
                Sweep(now);
                if (_entries.Count >= options.MaxAddresses || Learned(port) >= options.MaxAddressesPerPort) return;
            }

            _entries.Add(key, new Entry { Port = port, Seen = now });
            Change(port, 1);
        }
    }

    /// <summary>The port behind which an address is, or null if that is not known.</summary>
    public SwitchPort? Find(ushort vlan, MacAddress address)
    {
        lock (_lock) return _entries.TryGetValue(Key(vlan, address), out Entry? entry) && time.GetElapsedTime(entry.Seen) < options.Ageing ? entry.Port : null;
    }

    /// <summary>The addresses behind a port.</summary>
    public IReadOnlyList<MacAddress> Of(SwitchPort port)
    {
        lock (_lock) return [.. _entries.Where(e => e.Value.Port == port && time.GetElapsedTime(e.Value.Seen) < options.Ageing).Select(e => new MacAddress(e.Key & MacAddress.Broadcast.Value)).Distinct()];
    }

    public void Forget(SwitchPort port)
    {
        lock (_lock)
        {
            foreach (ulong key in _entries.Where(e => e.Value.Port == port).Select(e => e.Key).ToArray()) _entries.Remove(key);
            _perPort.Remove(port);
        }
    }

    private void Sweep(long now)
    {
        _swept = now;
        foreach ((ulong key, Entry entry) in _entries.Where(e => time.GetElapsedTime(e.Value.Seen, now) >= options.Ageing).ToArray())
        {
            _entries.Remove(key);
            Change(entry.Port, -1);
        }
    }

    private int Learned(SwitchPort port) => _perPort.GetValueOrDefault(port);

    private void Change(SwitchPort port, int change) => _perPort[port] = Learned(port) + change;

    private static ulong Key(ushort vlan, MacAddress address) => (ulong)vlan << 48 | address.Value;

    private sealed class Entry
    {
        public required SwitchPort Port { get; set; }

        public required long Seen { get; set; }
    }
}
