using System.Diagnostics;

namespace Doppel.Bench.States;

/// <summary>A virtual machine whose state is saved and restored while its guest writes a dot every millisecond.</summary>
internal abstract class StateContender : IAsyncDisposable
{
    /// <summary>As a column is called.</summary>
    public abstract string Name { get; }

    /// <summary>What the guest says now.</summary>
    protected Heartbeat Beats { get; set; } = new();

    /// <summary>Boots the guest and has it begin.</summary>
    public abstract Task BootAsync(int busyMegabytes);

    /// <summary>What can be measured, by the names of <see cref="StateTable"/>. In order: each may need those before it.</summary>
    public abstract IReadOnlyList<(string Name, Func<Task<IReadOnlyList<double>>> Measure)> Operations { get; }

    public abstract ValueTask DisposeAsync();

    /// <summary>Something that is done while the guest goes on.</summary>
    /// <returns>The longest time in which nothing came from the guest, and how long it took; milliseconds.</returns>
    protected async Task<IReadOnlyList<double>> WhileItRunsAsync(Func<Task> work)
    {
        long before = await Beats.FirstAfterAsync(Stopwatch.GetTimestamp());

        // The sign of life is one or two milliseconds old by the time that it is seen.
        long begin = Stopwatch.GetTimestamp();
        await work();
        long end = Stopwatch.GetTimestamp();
        long after = await Beats.FirstAfterAsync(end);
        return [Beats.LongestGap(before, after), Stopwatch.GetElapsedTime(begin, end).TotalMilliseconds];
    }

    /// <summary>Something after which the guest is where it was before.</summary>
    /// <returns>How long it takes until a sign of life comes from there; milliseconds.</returns>
    protected async Task<IReadOnlyList<double>> UntilItGoesOnAsync(Func<Task> work)
    {
        long begin = Stopwatch.GetTimestamp();
        await work();
        return [Stopwatch.GetElapsedTime(begin, await Beats.FirstAfterAsync(Stopwatch.GetTimestamp())).TotalMilliseconds];
    }
}
