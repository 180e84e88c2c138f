using Doppel.Backends.Net.User.Loop;

namespace Doppel.Backends.Net.User.Datagrams;

/// <summary>
/// Lets datagrams wait while the guest is behind (<see cref="Core.Backends.INetworkPort.IsBehind"/>), but not for ever: a guest that always has something else to do gets a burst of them from
/// time to time. Only on the loop's thread.
/// </summary>
internal sealed class GuestPatience(GuestLink link, DeadlineQueue deadlines) : Timed
{
    /// <summary>Milliseconds between two bursts.</summary>
    public const long Pause = 2;

    /// <summary>Datagrams in one.</summary>
    public const int Burst = 64;

    private int _granted;

    /// <summary>Whether the next datagram has to wait; to be asked once for each.</summary>
    public bool Waits(long now)
    {
        if (!link.IsBehind)
        {
            _granted = 0;
            return false;
        }

        if (_granted > 0)
        {
            _granted--;
            return false;
        }

        if (Deadline == long.MaxValue) deadlines.Set(this, now + Pause);
        return true;
    }

    public override void OnDue(long now) => _granted = Burst;
}
