// RISC-V Advanced Core Local Interruptor Specification 1.0-rc4, MTIMER and MSWI, in the layout of sifive,clint0
// ("Backward Compatibility With SiFive CLINT").
using Doppel.Core.Bus;
using Doppel.Core.Clock;
using Doppel.Core.DeviceTree;
using Doppel.Core.Interrupts;
using Doppel.Core.Snapshot;

namespace Doppel.Devices.Interrupt;

/// <summary>The core-local interruptor: the machine timer and the machine software interrupts of all harts.</summary>
public sealed class Aclint : IBusDevice, ISnapshotPart, IDeviceTreeSource, IDisposable
{
    /// <summary>Ticks of <c>mtime</c> per second.</summary>
    public const uint Frequency = 10_000_000;

    private const ulong TimeCompareBase = 0x4000;
    private const ulong TimeRegister = 0xbff8;
    private const uint MachineSoftware = 3;
    private const uint MachineTimer = 7;

    private readonly TickCounter _time;
    private readonly (IInterruptLine Software, IInterruptLine Timer)[] _harts;
    private readonly IVmAlarm[] _alarms;
    private readonly bool[] _softwarePending;
    private readonly ulong[] _timeCompare;

    /// <summary>A device with a counter of its own.</summary>
    public Aclint(IVmClock clock, IReadOnlyList<(IInterruptLine Software, IInterruptLine Timer)> harts)
        : this(new TickCounter(clock, Frequency), harts)
    {
    }

    /// <param name="time"><c>mtime</c>, which the harts show as their <c>time</c> CSRs; of <see cref="Frequency"/>.</param>
    /// <param name="harts">The machine software and machine timer inputs of each hart.</param>
    public Aclint(TickCounter time, IReadOnlyList<(IInterruptLine Software, IInterruptLine Timer)> harts)
    {
        // 4095 harts fit: mtimecmp of one more would lie where mtime is.
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)harts.Count, (TimeRegister - TimeCompareBase) / 8, nameof(harts));
        _time = time;
        _harts = [.. harts];
        _softwarePending = new bool[_harts.Length];
        _timeCompare = new ulong[_harts.Length];
        // Deviation: mtimecmp is unspecified after reset; all ones means that no interrupt comes before software has set it.
        Array.Fill(_timeCompare, ulong.MaxValue);
        _alarms = [.. Enumerable.Range(0, _harts.Length).Select(hart => time.Clock.CreateAlarm(() => AlarmDue(hart)))];
    }

    public ulong Length => 0x1_0000;

    public string SnapshotName { get; init; } = "clint";

    /// <summary>The device tree's handles of the harts' own interrupt controllers.</summary>
    public IReadOnlyList<uint> HartPhandles { get; init; } = [];

    /// <summary><c>mtime</c>; may be read from any thread without the device's lock.</summary>
    public ulong Time => _time.Now;

    /// <summary>Ticks by which <c>mtime</c> is ahead of the machine's clock because the guest has written it; modulo 2⁶⁴. Any thread.</summary>
    public ulong TimeOffset => _time.Offset;

    public ulong Read(ulong offset, int size)
    {
        if (size is not (4 or 8)) return 0;
        if (offset < TimeCompareBase)
        {
            // One 32-bit register per hart; a 64-bit access sees two.
            ulong low = SoftwarePending(offset / 4);
            return size == 8 ? low | SoftwarePending(offset / 4 + 1) << 32 : low;
        }

        ulong value;
        if (offset is >= TimeRegister and < TimeRegister + 8) value = Time;
        else if (HartOfTimeCompare(offset) is { } hart) value = _timeCompare[hart];
        else return 0;
        return size == 8 ? value : (uint)(value >> ((offset & 4) != 0 ? 32 : 0));
    }

    public void Write(ulong offset, int size, ulong value)
    {
        if (size is not (4 or 8)) return;
        if (offset < TimeCompareBase)
        {
            SetSoftwarePending(offset / 4, value);
            if (size == 8) SetSoftwarePending(offset / 4 + 1, value >> 32);
        }
        else if (offset is >= TimeRegister and < TimeRegister + 8)
        {
            _time.Set(Merge(Time, offset, size, value));
            for (int i = 0; i < _harts.Length; i++) DriveTimer(i);
        }
        else if (HartOfTimeCompare(offset) is { } hart)
        {
            _timeCompare[hart] = Merge(_timeCompare[hart], offset, size, value);
            DriveTimer(hart);
        }
    }

    /// <summary>"MTIMER Device": mtime and msip are cleared.</summary>
    public void Reset()
    {
        Array.Clear(_softwarePending);
        Array.Fill(_timeCompare, ulong.MaxValue);
        _time.Set(0);
        DriveAll();
    }

    public void Save(SnapshotWriter writer)
    {
        lock (this)
        {
            ulong[] pending = new ulong[_softwarePending.Length];
            for (int i = 0; i < pending.Length; i++) pending[i] = _softwarePending[i] ? 1UL : 0UL;
            writer.Write("msip", pending);
            writer.Write("mtimecmp", _timeCompare);
            writer.Write("offset", TimeOffset);
        }
    }

    public void Load(SnapshotReader reader)
    {
        ulong[] software = new ulong[_harts.Length];
        ulong[] compare = new ulong[_harts.Length];
        Array.Fill(compare, ulong.MaxValue);
        reader.GetUInt64s("msip", software);
        reader.GetUInt64s("mtimecmp", compare);
        ulong offset = reader.GetUInt64("offset");
        if (software.Any(s => s > 1)) throw new SnapshotException("'msip' is a single bit.");
        lock (this)
        {
            for (int i = 0; i < _harts.Length; i++) _softwarePending[i] = software[i] != 0;
            compare.CopyTo(_timeCompare, 0);
            _time.Offset = offset;
            DriveAll();
        }
    }

    public void Describe(DeviceTreeNode parent, ulong address, uint interrupt) =>
        parent.Child($"clint@{address:x}")
            .Strings("compatible", "sifive,clint0", "riscv,clint0")
            .Reg(address, Length)
            .Cells("interrupts-extended", [.. HartPhandles.SelectMany(hart => new[] { hart, MachineSoftware, hart, MachineTimer })]);

    public void Dispose()
    {
        foreach (IVmAlarm alarm in _alarms) alarm.Dispose();
    }

    private void AlarmDue(int hart)
    {
        lock (this) DriveTimer(hart);
    }

    private void DriveAll()
    {
        for (int i = 0; i < _harts.Length; i++)
        {
            _harts[i].Software.Set(_softwarePending[i]);
            DriveTimer(i);
        }
    }

    /// <summary>MTIP is high while mtime is not below mtimecmp, compared unsigned; otherwise an alarm comes when that changes.</summary>
    private void DriveTimer(int hart) => _harts[hart].Timer.Set(_time.Reached(_timeCompare[hart], _alarms[hart]));

    private ulong SoftwarePending(ulong hart) => hart < (ulong)_harts.Length && _softwarePending[hart] ? 1UL : 0UL;

    private void SetSoftwarePending(ulong hart, ulong value)
    {
        if (hart >= (ulong)_harts.Length) return;
        _softwarePending[hart] = (value & 1) != 0;
        _harts[hart].Software.Set(_softwarePending[hart]);
    }

    private int? HartOfTimeCompare(ulong offset)
    {
        ulong hart = (offset - TimeCompareBase) / 8;
        return offset < TimeRegister && hart < (ulong)_harts.Length ? (int)hart : null;
    }

    /// <summary>The 64-bit register after a write of all of it or of one half.</summary>
    private static ulong Merge(ulong old, ulong offset, int size, ulong value)
    {
        if (size == 8) return value;
        return (offset & 4) != 0 ? (uint)old | value << 32 : old & 0xffff_ffff_0000_0000 | (uint)value;
    }
}
