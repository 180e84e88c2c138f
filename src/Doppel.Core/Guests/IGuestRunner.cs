namespace Doppel.Core.Guests;

/// <summary>
/// Boots a guest that does one piece of work and switches itself off. Who prepares such work need not know what a machine is made of, and the machine need
/// not know what the work is for.
/// </summary>
public interface IGuestRunner
{
    /// <summary>Runs a command in one of Doppel's own guests, to the end of the machine.</summary>
    /// <param name="task">The guest and the command, which its initramfs names (docs/guest.md, "Command mode").</param>
    /// <param name="output">Takes each line that the command writes to its standard output. Called from any thread, one call at a time.</param>
    /// <param name="log">Takes each line of the command's standard error and of the kernel, likewise.</param>
    /// <returns>The command's exit code; null if the guest ended without one.</returns>
    /// <exception cref="Errors.DoppelException">The machine cannot be made, or has failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the machine is switched off.</exception>
    Task<int?> RunAsync(GuestTask task, Action<string> output, Action<string> log, CancellationToken cancel);
}
