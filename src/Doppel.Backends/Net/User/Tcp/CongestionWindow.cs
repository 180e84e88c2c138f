// RFC 5681: TCP Congestion Control; RFC 6582: the NewReno modification to fast recovery; RFC 6928: the initial window.
namespace Doppel.Backends.Net.User.Tcp;

/// <summary>How much may be under way to the guest. A virtual cable loses nothing, but a switch with a rate limit, or a guest without buffers, does.</summary>
internal sealed class CongestionWindow
{
    private const int Duplicates = 3;
    private readonly int _most;
    private int _segment;
    private int _threshold = int.MaxValue;
    private int _duplicates;
    private uint _recover;
    private bool _recovering;

    public CongestionWindow(int segment, int most)
    {
        _segment = segment;
        _most = most;
        Bytes = 10 * segment;
    }

    public int Bytes { get; private set; }

    public void SetSegment(int segment) => (_segment, Bytes) = (segment, 10 * segment);

    /// <summary>Something new was acknowledged.</summary>
    /// <returns>Whether the segment that comes next is lost as well and is to be sent again.</returns>
    public bool Acknowledged(int bytes, uint acknowledgement)
    {
        _duplicates = 0;
        if (_recovering)
        {
            if ((int)(acknowledgement - _recover) < 0)
            {
                Bytes = Math.Max(Bytes - bytes + _segment, _segment);
                return true;
            }

            _recovering = false;
            Bytes = _threshold;
            return false;
        }

        int growth = Bytes < _threshold ? bytes : Math.Max(1, (int)((long)_segment * Math.Min(bytes, _segment) / Bytes));
        Bytes = Math.Min(Bytes + growth, _most);
        return false;
    }

    /// <summary>The guest has said again what it waits for.</summary>
    /// <param name="inFlight">Bytes sent and not acknowledged.</param>
    /// <param name="sent">The end of what has been sent.</param>
    /// <returns>Whether the oldest segment is to be sent again at once.</returns>
    public bool Duplicate(int inFlight, uint sent)
    {
        if (_recovering)
        {
            Bytes = Math.Min(Bytes + _segment, _most);
            return false;
        }

        if (++_duplicates != Duplicates) return false;
        _recovering = true;
        _recover = sent;
        _threshold = Math.Max(inFlight / 2, 2 * _segment);
        Bytes = _threshold + Duplicates * _segment;
        return true;
    }

    /// <summary>Nothing was acknowledged in time.</summary>
    public void TimedOut(int inFlight)
    {
        _threshold = Math.Max(inFlight / 2, 2 * _segment);
        Bytes = _segment;
        _recovering = false;
        _duplicates = 0;
    }
}
