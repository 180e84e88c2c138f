using Doppel.Core.Errors;

namespace Doppel.Machine.Agent;

/// <summary>What a command in a guest writes to one of its streams: numbered files in the guest, read as they grow; the script <c>session</c> is the other side.</summary>
/// <param name="exit">The command's end.</param>
/// <param name="grace">How long what is still held open then is waited for.</param>
internal sealed class GuestOutput(GuestAgent agent, string folder, string stream, Task<int> exit, TimeSpan grace)
{
    /// <summary>In fewer bytes than the pieces of a file, a file cannot be whole before the stream ends.</summary>
    private const int LeastWhole = 64;

    private readonly Pace _pace = new();
    private long? _acknowledge;

    /// <summary>Copies all of it.</summary>
    /// <returns>False if there was no such stream when the command ended.</returns>
    /// <exception cref="IOException">The target takes no more.</exception>
    /// <exception cref="DoppelException">The guest had no room for what was written.</exception>
    public async Task<bool> FollowAsync(Stream target, CancellationToken cancel)
    {
        int number = 0;
        long? handle;
        while ((handle = await TryOpenAsync(number, cancel).ConfigureAwait(false)) is null)
        {
            if (exit.IsCompleted && await TryOpenAsync(number, cancel).ConfigureAwait(false) is null) return false;
            await _pace.WaitAsync(cancel).ConfigureAwait(false);
        }

        long? next = null;
        long copied = 0, quietSince = Environment.TickCount64;
        while (true)
        {
            byte[] data = await agent.ReadAsync(handle.Value, cancel).ConfigureAwait(false);
            if (data.Length > 0)
            {
                await target.WriteAsync(data, cancel).ConfigureAwait(false);
                await target.FlushAsync(cancel).ConfigureAwait(false);
                copied += data.Length;
                quietSince = Environment.TickCount64;
                _pace.Reset();
                continue;
            }

            if (next is { } following)
            {
                // The next one was there before this one was read to its end: it was whole.
                await agent.CloseAsync(handle.Value, cancel).ConfigureAwait(false);
                if (copied == 0)
                {
                    await agent.CloseAsync(following, cancel).ConfigureAwait(false);
                    await FinishAsync(cancel).ConfigureAwait(false);
                    return true;
                }

                await AcknowledgeAsync(cancel).ConfigureAwait(false);
                (handle, next, copied) = (following, null, 0);
                number++;
                continue;
            }

            bool hasExited = exit.IsCompleted;
            if (hasExited || copied >= LeastWhole) next = await TryOpenAsync(number + 1, cancel).ConfigureAwait(false);
            if (next is not null) continue;
            if (!hasExited) quietSince = Environment.TickCount64;
            else if (Environment.TickCount64 - quietSince > grace.TotalMilliseconds) return true;
            await _pace.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private Task<long?> TryOpenAsync(int number, CancellationToken cancel) => agent.TryOpenAsync($"{folder}/{stream}.{number}", "r", cancel);

    private async Task AcknowledgeAsync(CancellationToken cancel)
    {
        _acknowledge ??= await agent.TryOpenAsync($"{folder}/ack.{stream}", "r+", cancel).ConfigureAwait(false);
        if (_acknowledge is { } handle) await agent.WriteAsync(handle, "\n"u8.ToArray(), cancel).ConfigureAwait(false);
    }

    private async Task FinishAsync(CancellationToken cancel)
    {
        if (_acknowledge is { } handle) await agent.CloseAsync(handle, cancel).ConfigureAwait(false);
        if (await agent.TryOpenAsync($"{folder}/{stream}.failed", "r", cancel).ConfigureAwait(false) is not { } failed) return;
        await agent.CloseAsync(failed, cancel).ConfigureAwait(false);
        throw new DoppelException(ErrorKind.InsufficientResources, $"{agent.Name}: the guest had no room under /run for what the command wrote; some of it is missing", "more memory for the guest, or fewer files in its /run");
    }
}
