using Doppel.Core.Bus;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>A page of device registers: reads count upwards, everything is recorded.</summary>
internal sealed class RecordingDevice : IBusDevice
{
    private readonly List<string> _accesses = [];
    private ulong _reads;

    public ulong Length => 0x1000;

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<string> Accesses => _accesses;

    /// <summary>Called at each write with offset and value, on the thread of the hart.</summary>
    public Action<ulong, ulong>? Written { get; set; }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _accesses.Clear();
        _reads = 0;
    }

    public ulong Read(ulong offset, int size)
    {
        // Every byte differs, so that a wrong width or extension shows.
        ulong value = ++_reads * 0x0f1e_2d3c_4b5a_6978;
        _accesses.Add($"read {size} at {offset:x}");
        return size == 8 ? value : value & ((1UL << (8 * size)) - 1);
    }

    public void Write(ulong offset, int size, ulong value)
    {
        _accesses.Add($"write {size} at {offset:x}: {value:x}");
        Written?.Invoke(offset, value);
    }

    public void Reset()
    {
    }
}
