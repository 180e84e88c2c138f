using Doppel.Core.Metrics;
using Doppel.Core.Trace;

namespace Doppel.Core.Bus;

/// <summary>The map from guest-physical addresses to devices. Built once; read by every vCPU without a lock of its own.</summary>
public sealed class SystemBus(ITrace trace)
{
    private readonly List<Mapping> _mappings = [];
    private Mapping[] _sorted = [];

    /// <summary>Device faults that were swallowed so that the machine keeps running; each is an error of ours.</summary>
    public Counter DeviceFaults { get; } = new();

    /// <summary>Accesses that no device answered.</summary>
    public Counter Unmapped { get; } = new();

    /// <summary>Puts a device into the map.</summary>
    /// <exception cref="ArgumentException">It would overlap another one, or reach beyond the last address.</exception>
    public void Map(string name, ulong address, IBusDevice device)
    {
        var mapping = new Mapping(name, address, device.Length, device);
        if (mapping.Length == 0 || address + (mapping.Length - 1) < address) throw new ArgumentException($"{name} at 0x{address:x} with 0x{mapping.Length:x} bytes does not fit.");
        foreach (Mapping other in _mappings)
        {
            if (mapping.Overlaps(other)) throw new ArgumentException($"{name} at 0x{address:x} overlaps {other.Name} at 0x{other.Address:x}.");
        }

        _mappings.Add(mapping);
        _sorted = [.. _mappings.OrderBy(m => m.Address)];
    }

    /// <summary>All devices by address.</summary>
    public IEnumerable<(string Name, ulong Address, IBusDevice Device)> Devices => _sorted.Select(m => (m.Name, m.Address, m.Device));

    /// <summary>Reads from a device.</summary>
    /// <returns>False if no device answers: the architectural access fault.</returns>
    public bool TryRead(ulong address, int size, out ulong value)
    {
        value = 0;
        if (Find(address, size) is not { } mapping) return false;
        ulong offset = address - mapping.Address;
        try
        {
            lock (mapping.Device) value = mapping.Device.Read(offset, size);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Isolate(mapping, exception);
        }

        if (trace.Enabled(TraceCategory.Mmio)) trace.Write(TraceCategory.Mmio, $"r{size * 8} {mapping.Name}+0x{offset:x} -> 0x{value:x}");
        return true;
    }

    /// <summary>Writes to a device.</summary>
    /// <returns>False if no device answers.</returns>
    public bool TryWrite(ulong address, int size, ulong value)
    {
        if (Find(address, size) is not { } mapping) return false;
        ulong offset = address - mapping.Address;
        if (trace.Enabled(TraceCategory.Mmio)) trace.Write(TraceCategory.Mmio, $"w{size * 8} {mapping.Name}+0x{offset:x} <- 0x{value:x}");
        try
        {
            lock (mapping.Device) mapping.Device.Write(offset, size, value);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Isolate(mapping, exception);
        }

        return true;
    }

    /// <summary>Resets every device, each under its lock.</summary>
    public void Reset()
    {
        foreach (Mapping mapping in _sorted)
        {
            lock (mapping.Device) mapping.Device.Reset();
        }
    }

    /// <summary>
    /// A device that threw has a bug of ours; the machine goes on, the count and the trace tell. Not an assertion, which would end the process in debug
    /// builds: a guest could do that. Tests look at the count.
    /// </summary>
    private void Isolate(Mapping mapping, Exception exception)
    {
        DeviceFaults.Increment();
        trace.Warn($"{mapping.Name}: device error, access ignored: {exception}");
    }

    private Mapping? Find(ulong address, int size)
    {
        Mapping[] sorted = _sorted;
        int low = 0, high = sorted.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            Mapping mapping = sorted[middle];
            if (address < mapping.Address) high = middle - 1;
            else if (address - mapping.Address >= mapping.Length) low = middle + 1;
            else if (mapping.Length - (address - mapping.Address) >= (ulong)size) return mapping;
            else break;
        }

        Unmapped.Increment();
        return null;
    }

    private sealed record Mapping(string Name, ulong Address, ulong Length, IBusDevice Device)
    {
        // Differences, because the sum of address and length may wrap around.
        public bool Overlaps(Mapping other) => other.Address - Address < Length || Address - other.Address < other.Length;
    }
}
