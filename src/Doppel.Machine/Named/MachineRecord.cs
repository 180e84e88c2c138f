using Doppel.Backends.Console;

namespace Doppel.Machine.Named;

/// <summary>What is kept of a named machine: <c>machine.json</c> in its folder.</summary>
/// <param name="Format">Version of this record.</param>
/// <param name="Image">Which guest it was made from; null for files of the user's own.</param>
/// <param name="Console">Which console of the guest the keyboard goes to.</param>
/// <param name="Parent">The machine that it was forked from, as it was called then; null if none.</param>
internal sealed record MachineRecord(int Format, string Name, DateTimeOffset Created, string? Image, ConsoleRoute Console, VmConfig Config, string? Parent = null)
{
    public const int CurrentFormat = 1;
}

/// <summary>How a run of a named machine ended: <c>end.json</c>. There is none while it runs.</summary>
internal sealed record EndRecord(VmExitReason Reason, int ExitCode, string? Message, DateTimeOffset At);
