using Doppel.Machine.Named;

namespace Doppel.Tests.Unit.Machine.Named;

public sealed class CollectorPauseTests
{
    private const int Chunk = 64 << 10;
    private const int MoreThanItLasts = 64 << 20;

    /// <summary>The collector has one such time, and ends it by itself when too much is made; to end it then is an error of its user's.</summary>
    [Fact]
    public void Pauses_atOnce_andThatHaveEnded_endWithoutError()
    {
        var first = new CollectorPause();
        var second = new CollectorPause();
        long made = 0;
        while (made < MoreThanItLasts) made += new byte[Chunk].Length;
        second.Dispose();
        first.Dispose();
        using var again = new CollectorPause();
        again.Dispose();
    }
}
