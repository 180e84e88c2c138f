namespace Doppel.Machine.Agent;

/// <summary>How often something is asked for that comes when it comes: soon after it last came, and less and less often.</summary>
internal sealed class Pace
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);
    private TimeSpan _next = First;

    /// <summary>It has come.</summary>
    public void Reset() => _next = First;

    public async Task WaitAsync(CancellationToken cancel)
    {
        await Task.Delay(_next, cancel).ConfigureAwait(false);
        _next = _next * 1.5 < Longest ? _next * 1.5 : Longest;
    }
}
