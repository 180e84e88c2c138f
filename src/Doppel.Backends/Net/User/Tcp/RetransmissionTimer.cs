// RFC 6298: Computing TCP's Retransmission Timer.
namespace Doppel.Backends.Net.User.Tcp;

/// <summary>How long to wait for an acknowledgement, learned from those that came. Milliseconds.</summary>
internal sealed class RetransmissionTimer
{
    public const long Minimum = 1000;
    public const long Maximum = 60_000;
    private long _smoothed = -1;
    private long _variation;
    private long _timeout = Minimum;
    private int _backoff;

    /// <summary>RTO, doubled for each time that it ran out in vain.</summary>
    public long Timeout => Math.Min(_timeout << Math.Min(_backoff, 16), Maximum);

    /// <summary>A segment that was sent once was acknowledged after this time.</summary>
    public void Sample(long roundTrip)
    {
        if (_smoothed < 0)
        {
            (_smoothed, _variation) = (roundTrip, roundTrip / 2);
        }
        else
        {
            _variation = (3 * _variation + Math.Abs(_smoothed - roundTrip)) / 4;
            _smoothed = (7 * _smoothed + roundTrip) / 8;
        }

        _timeout = Math.Clamp(_smoothed + Math.Max(1, 4 * _variation), Minimum, Maximum);
    }

    /// <summary>It has run out.</summary>
    public void Backoff() => _backoff++;

    /// <summary>Something new was acknowledged.</summary>
    public void Progress() => _backoff = 0;
}
