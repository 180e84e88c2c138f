using Doppel.Core.Clock;
using Doppel.Core.Snapshot;
using Doppel.Core.Vcpu;

namespace Doppel.Engines;

/// <summary>
/// Runs all vCPUs of a machine by turns on one thread, with their instructions as the time (<see cref="VirtualClock"/>): each turn ends after so many instructions, when the vCPU
/// waits, or for a moment when an alarm is due. So whatever one vCPU sees of another, and of the time, is the same in every run. While all wait, time jumps to the next alarm.
/// </summary>
public sealed class VirtualTimeWork : IVcpuWork, ISnapshotPart, IDisposable
{
    /// <summary>Instructions of a turn: a vCPU that spins because it waits for another one loses no more than that.</summary>
    private const long Turn = 20_000;

    private readonly IReadOnlyList<IVcpu> _vcpus;
    private readonly VirtualClock _clock;
    private readonly ManualResetEventSlim _wake = new(false, spinCount: 0);
    private int _current;
    private long _left;
    private int _waiting;
    private bool _inTurn;

    public VirtualTimeWork(IReadOnlyList<IVcpu> vcpus, VirtualClock clock)
    {
        _vcpus = vcpus;
        _clock = clock;
        _left = FullTurn;
        _clock.Hurried += Hurry;
        foreach (IVcpu vcpu in vcpus) vcpu.WorkArrived += Wake;
    }

    public IVcpu Current => _vcpus[Volatile.Read(ref _current)];

    public string SnapshotName => "turns";

    private long FullTurn => _vcpus.Count == 1 ? long.MaxValue : Turn;

    /// <summary>Ends the turn for a moment; it goes on afterwards with what is left of it, so that nothing depends on when this was.</summary>
    public void Kick()
    {
        Current.Kick();
        Wake();
    }

    public StopReason Run()
    {
        if (_clock.ServeDue()) _waiting = 0;
        IVcpu vcpu = Current;
        Volatile.Write(ref _inTurn, true);
        long budget = _clock.BeginTurn(vcpu, _left);
        StopReason reason;
        long used = 0;
        try
        {
            reason = vcpu.Run(budget);
        }
        finally
        {
            Volatile.Write(ref _inTurn, false);
            used = _clock.EndTurn();
        }

        if (used > 0) _waiting = 0;
        if (_left != long.MaxValue) _left -= used;
        if (reason == StopReason.Halted)
        {
            _waiting++;
            NextTurn();
            if (_waiting >= _vcpus.Count) Rest();
        }
        else if (_left <= 0)
        {
            NextTurn();
        }

        return reason;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("current", (ulong)_current);
        writer.Write("left", (ulong)_left);
    }

    public void Load(SnapshotReader reader)
    {
        _current = (int)reader.GetUInt64("current", 0, (ulong)_vcpus.Count - 1);
        _left = (long)reader.GetUInt64("left", (ulong)FullTurn, (ulong)FullTurn);
        if (_left == 0) NextTurn();
        _waiting = 0;
    }

    public void Dispose()
    {
        _clock.Hurried -= Hurry;
        foreach (IVcpu vcpu in _vcpus) vcpu.WorkArrived -= Wake;
    }

    private void NextTurn()
    {
        Volatile.Write(ref _current, (_current + 1) % _vcpus.Count);
        _left = FullTurn;
    }

    /// <summary>All wait: for the next alarm, and if there is none for something from outside.</summary>
    private void Rest()
    {
        _waiting = 0;
        if (_clock.JumpToAlarm()) return;
        _wake.Wait();
        _wake.Reset();
    }

    /// <summary>An alarm was set that comes before all others.</summary>
    private void Hurry()
    {
        if (Volatile.Read(ref _inTurn)) Kick();
        else Wake();
    }

    private void Wake() => _wake.Set();
}
