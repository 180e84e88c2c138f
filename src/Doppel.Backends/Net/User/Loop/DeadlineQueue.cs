namespace Doppel.Backends.Net.User.Loop;

/// <summary>Something that wants to be called at a time.</summary>
internal abstract class Timed
{
    /// <summary>When, in milliseconds of the loop; <see cref="long.MaxValue"/> for never. Set by <see cref="DeadlineQueue.Set"/> only.</summary>
    public long Deadline { get; internal set; } = long.MaxValue;

    /// <summary>Under which time it is in the queue.</summary>
    internal long Queued { get; set; } = long.MaxValue;

    /// <summary>The deadline has come; it has been cleared before the call.</summary>
    public abstract void OnDue(long now);
}

/// <summary>
/// Calls what is due. A deadline that moves further away, as most do with each packet, costs nothing: its entry stays and is put back when it comes up.
/// </summary>
internal sealed class DeadlineQueue
{
    private readonly PriorityQueue<Timed, long> _queue = new();

    /// <summary>No deadline is before this.</summary>
    public long Next => _queue.TryPeek(out _, out long time) ? time : long.MaxValue;

    public void Set(Timed timed, long deadline)
    {
        timed.Deadline = deadline;
        if (deadline >= timed.Queued) return;
        timed.Queued = deadline;
        _queue.Enqueue(timed, deadline);
    }

    public void RunDue(long now)
    {
        while (_queue.TryPeek(out Timed? timed, out long time) && time <= now)
        {
            _queue.Dequeue();
            if (timed.Queued != time) continue;
            timed.Queued = long.MaxValue;
            if (timed.Deadline > now)
            {
                if (timed.Deadline != long.MaxValue) Set(timed, timed.Deadline);
                continue;
            }

            timed.Deadline = long.MaxValue;
            timed.OnDue(now);
        }
    }
}
