using System.Collections.Concurrent;
using Doppel.Core.Errors;
using Doppel.Machine.Named.Control;

namespace Doppel.Machine.Named.Forks;

/// <summary>Makes the children of one fork, several at a time.</summary>
/// <param name="parent">What the parent is.</param>
/// <param name="reply">What the parent's process keeps for them.</param>
/// <param name="start">Starts a child.</param>
internal sealed class ForkChildren(MachineStore store, MachineRecord parent, ControlReply reply, Func<NamedMachine, StartPoint, Task> start)
{
    private readonly ConcurrentQueue<DoppelException> _failures = [];

    /// <exception cref="DoppelException">Some could not be started; the others run.</exception>
    public async Task MakeAsync(IReadOnlyList<string> names, IProgress<double>? progress, CancellationToken cancel)
    {
        int done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount, CancellationToken = cancel };
        await Parallel.ForEachAsync(names, options, async (name, _) =>
        {
            try
            {
                await MakeAsync(name).ConfigureAwait(false);
            }
            catch (DoppelException exception)
            {
                _failures.Enqueue(exception);
            }

            progress?.Report((double)Interlocked.Increment(ref done) / names.Count);
        }).ConfigureAwait(false);
        if (_failures.TryDequeue(out DoppelException? first))
            throw _failures.IsEmpty ? first : new DoppelException(first.Kind, $"{first.Message}; {_failures.Count} more failed, too", first.Hint, first);
    }

    private async Task MakeAsync(string name)
    {
        NamedMachine child;
        var fork = new ForkFolder(reply.Fork!);
        using (NewMachine made = store.Begin(name))
        {
            try
            {
                child = ForkChild.Finish(made, parent, name, fork);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw made.Failure(exception);
            }
        }

        try
        {
            await start(child, new StartPoint { Fork = fork.Path, Paused = reply.State == NamedState.Paused }).ConfigureAwait(false);
        }
        catch
        {
            store.Remove(child);
            throw;
        }
    }
}
