// RISC-V Platform-Level Interrupt Controller Specification 1.0.0, all of it; parameters of sifive,plic-1.0.0 (priorities 0 to 7).
using Doppel.Core.Bus;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Interrupt;

/// <summary>The platform-level interrupt controller: brings the level-sensitive wires of devices to the harts' external interrupt inputs.</summary>
public sealed class Plic : IBusDevice, ISnapshotPart, IDeviceTreeSource
{
    /// <summary>Most sources that the memory map has room for; source 0 does not exist.</summary>
    public const int MaxSources = 1023;

    private const ulong PendingBase = 0x1000;
    private const ulong EnableBase = 0x2000;
    private const ulong EnableStride = 0x80;
    private const ulong ContextBase = 0x20_0000;
    private const ulong ContextStride = 0x1000;
    private const ulong ThresholdRegister = 0;
    private const ulong ClaimRegister = 4;
    private const uint MaxPriority = 7;
    private const uint SupervisorExternal = 9;
    private const uint MachineExternal = 11;

    private readonly int _sources;
    private readonly uint[] _priority;
    private readonly uint[] _level;
    private readonly uint[] _pending;
    private readonly uint[] _claimed;
    private readonly PlicContext[] _contexts;

    /// <param name="sources">Number of the last source, 1 to <see cref="MaxSources"/>.</param>
    /// <param name="contexts">The harts' external interrupt inputs: of each hart first the machine mode's, then the supervisor mode's.</param>
    public Plic(int sources, IReadOnlyList<IInterruptLine> contexts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sources, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources, MaxSources);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)contexts.Count, (Length - ContextBase) / ContextStride, nameof(contexts));
        _sources = sources;
        int words = sources / 32 + 1;
        _priority = new uint[sources + 1];
        _level = new uint[words];
        _pending = new uint[words];
        _claimed = new uint[words];
        _contexts = [.. contexts.Select(line => new PlicContext(line, words))];
    }

    public ulong Length => 0x60_0000;

    public string SnapshotName { get; init; } = "plic";

    /// <summary>The device tree's handle of this controller, as other nodes' <c>interrupt-parent</c> names it.</summary>
    public uint Phandle { get; init; }

    /// <summary>The device tree's handles of the harts' own interrupt controllers, one for each pair of contexts.</summary>
    public IReadOnlyList<uint> HartPhandles { get; init; } = [];

    /// <summary>The wire of a device.</summary>
    /// <param name="source">1 to the last source.</param>
    public IInterruptLine Source(int source)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source, _sources);
        return new SourceLine(this, source);
    }

    /// <summary>Only naturally aligned 32-bit accesses exist ("Memory Map").</summary>
    public ulong Read(ulong offset, int size)
    {
        if (size != 4) return 0;
        Sample();
        switch (offset)
        {
            case < PendingBase:
                return offset / 4 <= (ulong)_sources ? _priority[offset / 4] : 0;
            case < EnableBase:
                ulong word = (offset - PendingBase) / 4;
                return word < (ulong)_pending.Length ? _pending[word] : 0;
            case < ContextBase:
                return EnableWord(offset) is { } enable ? enable.Context.Enable[enable.Word] : 0;
            default:
                if (ContextAt(offset, out ulong register) is not { } context) return 0;
                return register switch
                {
                    ThresholdRegister => context.Threshold,
                    ClaimRegister => Claim(context),
                    _ => 0,
                };
        }
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size != 4) return;
        switch (offset)
        {
            case < PendingBase:
                ulong source = offset / 4;
                // WARL ("Interrupt Priorities"): the three bits that exist.
                if (source != 0 && source <= (ulong)_sources) _priority[source] = (uint)value & MaxPriority;
                break;
            case < EnableBase:
                // Pending bits are read-only: only a gateway sets them and only a claim clears them ("Interrupt Pending Bits").
                break;
            case < ContextBase:
                if (EnableWord(offset) is { } enable) enable.Context.Enable[enable.Word] = (uint)value & ExistingSources(enable.Word);
                break;
            default:
                if (ContextAt(offset, out ulong register) is not { } context) break;
                if (register == ThresholdRegister) context.Threshold = (uint)value & MaxPriority;
                else if (register == ClaimRegister) Complete(context, (uint)value);
                break;
        }

        Sample();
        Drive();
    }

    /// <summary>The devices' wires keep their levels: they are not part of the controller, and a gateway samples them when it is next used.</summary>
    public void Reset()
    {
        Array.Clear(_priority);
        Array.Clear(_pending);
        Array.Clear(_claimed);
        foreach (PlicContext context in _contexts) context.Clear();
        Drive(always: true);
    }

    public void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            writer.Write("priority", Widen(_priority));
            writer.Write("level", Widen(_level));
            writer.Write("pending", Widen(_pending));
            writer.Write("claimed", Widen(_claimed));
            ulong[] threshold = new ulong[_contexts.Length], enable = new ulong[_contexts.Length * _pending.Length];
            for (int i = 0; i < _contexts.Length; i++)
            {
                threshold[i] = _contexts[i].Threshold;
                Widen(_contexts[i].Enable).CopyTo(enable, i * _pending.Length);
            }

            writer.Write("threshold", threshold);
            writer.Write("enable", enable);
        }
    }

    public void Load(SnapshotReader reader)
    {
        uint[] priority = Narrow(reader, "priority", _priority.Length, source => source == 0 ? 0 : MaxPriority);
        uint[] level = Narrow(reader, "level", _level.Length, ExistingSources);
        uint[] pending = Narrow(reader, "pending", _pending.Length, ExistingSources);
        uint[] claimed = Narrow(reader, "claimed", _claimed.Length, ExistingSources);
        uint[] threshold = Narrow(reader, "threshold", _contexts.Length, _ => MaxPriority);
        uint[] enable = Narrow(reader, "enable", _contexts.Length * _pending.Length, i => ExistingSources(i % _pending.Length));
        lock (this)
        {
            priority.CopyTo(_priority, 0);
            level.CopyTo(_level, 0);
            pending.CopyTo(_pending, 0);
            claimed.CopyTo(_claimed, 0);
            for (int i = 0; i < _contexts.Length; i++)
            {
                _contexts[i].Threshold = threshold[i];
                enable.AsSpan(i * _pending.Length, _pending.Length).CopyTo(_contexts[i].Enable);
            }

            Drive(always: true);
        }
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt)
    {
        DeviceTreeNode node = parent.Child($"plic@{address:x}")
            .Strings("compatible", "sifive,plic-1.0.0", "riscv,plic0")
            .Reg(address, Length)
            .Flag("interrupt-controller")
            .Cells("#interrupt-cells", 1)
            .Cells("#address-cells", 0)
            .Cells("interrupts-extended", [.. HartPhandles.SelectMany(hart => new[] { hart, MachineExternal, hart, SupervisorExternal })])
            .Cells("riscv,ndev", (uint)_sources);
        if (Phandle != 0) node.Cells("phandle", Phandle);
    }

    /// <summary>
    /// A level-sensitive gateway ("Interrupt Gateways"): asks once while its wire is high, and again only after the completion of what it asked for. A request
    /// that was made stays although the wire falls.
    /// </summary>
    private void Sample()
    {
        for (int i = 0; i < _pending.Length; i++) _pending[i] |= _level[i] & ~_claimed[i];
    }

    /// <summary>"Interrupt Claim Process": not affected by the threshold.</summary>
    private uint Claim(PlicContext context)
    {
        int source = context.Best(_pending, _priority);
        if (source == 0) return 0;
        uint bit = 1u << source % 32;
        _pending[source / 32] &= ~bit;
        _claimed[source / 32] |= bit;
        Drive();
        return (uint)source;
    }

    /// <summary>"Interrupt Completion": ignored unless the source is enabled for the context that completes; who claimed it is not checked.</summary>
    private void Complete(PlicContext context, uint source)
    {
        if (context.IsEnabled(source)) _claimed[source / 32] &= ~(1u << (int)(source % 32));
    }

    private void SetLevel(int source, bool level)
    {
        lock (this)
        {
            uint bit = 1u << source % 32;
            if ((_level[source / 32] & bit) != 0 == level) return;
            _level[source / 32] ^= bit;
            if (!level) return;
            Sample();
            Drive();
        }
    }

    private void Drive(bool always = false)
    {
        foreach (PlicContext context in _contexts) context.Drive(_pending, _priority, always);
    }

    private (PlicContext Context, int Word)? EnableWord(ulong offset)
    {
        ulong context = (offset - EnableBase) / EnableStride;
        ulong word = (offset - EnableBase) % EnableStride / 4;
        return context < (ulong)_contexts.Length && word < (ulong)_pending.Length ? (_contexts[context], (int)word) : null;
    }

    private PlicContext? ContextAt(ulong offset, out ulong register)
    {
        ulong context = (offset - ContextBase) / ContextStride;
        register = (offset - ContextBase) % ContextStride;
        return context < (ulong)_contexts.Length ? _contexts[context] : null;
    }

    /// <summary>The bits of a word of sources that stand for one.</summary>
    private uint ExistingSources(int word)
    {
        uint mask = word == _sources / 32 ? uint.MaxValue >> 31 - _sources % 32 : uint.MaxValue;
        return word == 0 ? mask & ~1u : mask;
    }

    private static ulong[] Widen(uint[] values)
    {
        ulong[] wide = new ulong[values.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = values[i];
        return wide;
    }

    private static uint[] Narrow(SnapshotReader reader, string tag, int count, Func<int, uint> allowed)
    {
        ulong[] values = new ulong[count];
        reader.GetUInt64s(tag, values);
        for (int i = 0; i < count; i++)
        {
            if ((values[i] & ~(ulong)allowed(i)) != 0) throw new SnapshotException($"'{tag}' has bits that do not exist: 0x{values[i]:x} at {i}.");
        }

        uint[] narrow = new uint[count];
        for (int i = 0; i < count; i++) narrow[i] = (uint)values[i];
        return narrow;
    }

    private sealed class SourceLine(Plic plic, int source) : IInterruptLine
    {
        public void Set(bool level) => plic.SetLevel(source, level);
    }
}
