using System.Diagnostics;

namespace Doppel.Host.Threading;

/// <summary>
/// The rests of a thread whose work nobody waits for: it sleeps for a moment after each piece, and whoever waits for the processor gets it then. For one thread; not thread-safe.
/// </summary>
/// <remarks>
/// How long a thread may go on while others wait is the host's affair, and often four milliseconds and more, whatever their shares: it looks when its clock ticks, and sees processes of other sessions and containers as one. A rest ends that.
/// </remarks>
public struct WorkRests
{
    /// <summary>Work after which a rest is due.</summary>
    private static readonly long Piece = Stopwatch.Frequency / 4000;

    private long _since;

    /// <summary>Rests, if enough has been done since the last time.</summary>
    public void Take()
    {
        long now = Stopwatch.GetTimestamp();
        if (now - _since < Piece) return;
        if (_since != 0) ThreadShare.Rest();
        _since = Stopwatch.GetTimestamp();
    }
}
