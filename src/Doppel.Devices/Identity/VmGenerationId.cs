// Microsoft "Virtual Machine Generation ID" (2012), as a memory-mapped device: Linux Documentation/devicetree/bindings/rng/microsoft,vmgenid.yaml.
using System.Buffers.Binary;
using Doppel.Core.Backends;
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Identity;

/// <summary>
/// A random number of 128 bits that changes whenever the machine lives a moment once more (a copy, a restore), and an interrupt that says so: the guest must not
/// use the same random numbers, nonces and identifiers again that it used, or that its twin uses.
/// </summary>
public sealed class VmGenerationId : IBusDevice, ISnapshotPart, IDeviceTreeSource
{
    private const int Size = 16;

    private readonly IEntropySource _entropy;
    private readonly IInterruptLine _line;
    private readonly byte[] _first = new byte[Size];
    private readonly byte[] _id = new byte[Size];
    private bool _changed;

    public VmGenerationId(IEntropySource entropy, IInterruptLine line)
    {
        _entropy = entropy;
        _line = line;
        entropy.Fill(_first);
        _first.CopyTo(_id, 0);
    }

    public ulong Length => 0x1000;

    public string SnapshotName { get; init; } = "vmgenid";

    /// <summary>Takes another number and tells the guest. Only while the machine stands still.</summary>
    public void Renew()
    {
        lock (this)
        {
            _entropy.Fill(_id);
            _changed = true;
            _line.Set(true);
        }
    }

    /// <summary>The number in its first 16 bytes, in accesses of any width; zeroes behind it. To look at a changed one withdraws the interrupt.</summary>
    public ulong Read(ulong offset, int size)
    {
        if (offset >= Size) return 0;
        if (_changed)
        {
            _changed = false;
            _line.Set(false);
        }

        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        _id.AsSpan((int)offset, Math.Min(size, Size - (int)offset)).CopyTo(value);
        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    /// <summary>There is nothing to write.</summary>
    public void Write(ulong offset, int size, ulong value)
    {
    }

    /// <summary>The number remains: the machine lives no moment twice.</summary>
    public void Reset()
    {
        _changed = false;
        _line.Set(false);
    }

    public void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            writer.Write("id", _id);
            writer.Write("changed", _changed);
        }
    }

    public void Load(SnapshotReader reader)
    {
        ReadOnlyMemory<byte> id = reader.GetBytes("id", Size);
        if (id.Length is not (0 or Size)) throw new SnapshotException($"'id' has {id.Length} bytes instead of {Size}.");
        bool changed = reader.GetBoolean("changed");
        lock (this)
        {
            (id.IsEmpty ? _first : id).CopyTo(_id);
            _changed = changed;
            _line.Set(changed);
        }
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) =>
        parent.Child($"rng@{address:x}").Strings("compatible", "microsoft,vmgenid").Reg(address, Length).Cells("interrupts", interrupt);
}
