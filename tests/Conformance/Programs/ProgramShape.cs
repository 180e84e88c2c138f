namespace Doppel.Tests.Conformance.Programs;

/// <summary>How the blocks of a random program are put together.</summary>
/// <param name="Rounds">How often all blocks run; registers and memory go on as they are, the log is that of the last round.</param>
/// <param name="Aliases">Every few blocks it goes on at the address whose bit <see cref="AliasBit"/> is the other one, where the same memory must be.</param>
internal sealed record ProgramShape(int Rounds = 1, bool Aliases = false)
{
    public const int AliasBit = 30;
}
