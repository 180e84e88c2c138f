using Doppel.RiscV.Hart;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Raises the machine software interrupt of the first hart again and again, wherever the hart is; a write to the device lowers it.</summary>
internal sealed class Interrupter : IDisposable
{
    private readonly GuestSystem _system;
    private readonly Thread _thread;
    private volatile bool _stopped;
    private volatile bool _raised;

    /// <param name="spins">Longest pause between two, in spins.</param>
    public Interrupter(GuestSystem system, int spins = 2000)
    {
        _system = system;
        system.Device.Written = (_, _) =>
        {
            system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, false);
            _raised = false;
        };
        _thread = new Thread(() => Raise(spins)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>How often it has been raised.</summary>
    public int Count { get; private set; }

    public void Dispose()
    {
        _stopped = true;
        _thread.Join();
        _system.Device.Written = null;
        _system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, false);
    }

    private void Raise(int spins)
    {
        var random = new Random(1);
        while (!_stopped)
        {
            if (!_raised)
            {
                _raised = true;
                Count++;
                _system.Hart.SetInterruptLine(InterruptNumber.MachineSoftware, true);
            }

            Thread.SpinWait(random.Next(spins));
            if (Count % 64 == 0) Thread.Yield();
        }
    }
}
