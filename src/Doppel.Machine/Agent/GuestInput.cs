using System.Text;

namespace Doppel.Machine.Agent;

/// <summary>What a command in a guest reads: numbered files that are written in the guest, two at most at a time; the script <c>session</c> is the other side.</summary>
/// <param name="exit">The command's end.</param>
internal sealed class GuestInput(GuestAgent agent, string folder, Task<int> exit)
{
    /// <summary>Copies the source to its end, or until the command has ended.</summary>
    public async Task FeedAsync(Stream source, CancellationToken cancel)
    {
        byte[] buffer = new byte[GuestAgent.MaxPiece];
        long? fed = null;
        for (int number = 0; ; number++)
        {
            int count = await source.ReadAsync(buffer, cancel).ConfigureAwait(false);
            var pace = new Pace();
            // For reading too: so the agent need not wait for the other side.
            while ((fed ??= await agent.TryOpenAsync($"{folder}/fed", "r+", cancel).ConfigureAwait(false)) is null)
            {
                if (exit.IsCompleted) return;
                await pace.WaitAsync(cancel).ConfigureAwait(false);
            }

            if (count == 0) break;
            pace.Reset();
            while (number >= 2 && await IsThereAsync($"in.{number - 2}", cancel).ConfigureAwait(false))
            {
                if (exit.IsCompleted) return;
                await pace.WaitAsync(cancel).ConfigureAwait(false);
            }

            if (await agent.TryOpenAsync($"{folder}/in.{number}", "w", cancel).ConfigureAwait(false) is not { } file) return;
            await agent.WriteAsync(file, buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
            await agent.CloseAsync(file, cancel).ConfigureAwait(false);
            await agent.WriteAsync(fed!.Value, Encoding.ASCII.GetBytes($"{number}\n"), cancel).ConfigureAwait(false);
        }

        await agent.WriteAsync(fed!.Value, "end\n"u8.ToArray(), cancel).ConfigureAwait(false);
        await agent.CloseAsync(fed.Value, cancel).ConfigureAwait(false);
    }

    private async Task<bool> IsThereAsync(string file, CancellationToken cancel)
    {
        if (await agent.TryOpenAsync($"{folder}/{file}", "r", cancel).ConfigureAwait(false) is not { } handle) return false;
        await agent.CloseAsync(handle, cancel).ConfigureAwait(false);
        return true;
    }
}
