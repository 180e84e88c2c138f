using Doppel.Machine;

namespace Doppel.Cli.Run;

/// <summary>Why we stopped waiting for the machine.</summary>
internal enum EndKind
{
    /// <summary>It ended by itself.</summary>
    Guest,

    /// <summary>The user killed it.</summary>
    Killed,

    /// <summary>Ctrl-C twice.</summary>
    Interrupted,

    /// <summary>SIGTERM.</summary>
    Terminated,

    /// <summary>SIGHUP: the terminal has gone.</summary>
    HungUp,

    /// <summary>Nobody reads its output any more.</summary>
    OutputClosed,

    TimedOut,
}

/// <summary>How a run ended.</summary>
/// <param name="Exit">What the machine says, if it ended by itself.</param>
internal sealed record RunEnd(EndKind Kind, VmExit? Exit)
{
    /// <summary>As a shell reports a process that was ended by the corresponding signal.</summary>
    public int ExitCode => Kind switch
    {
        EndKind.Killed => 128 + 9,
        EndKind.Interrupted => 128 + 2,
        EndKind.Terminated => 128 + 15,
        EndKind.HungUp => 128 + 1,
        EndKind.OutputClosed => 128 + 13,
        EndKind.TimedOut => 6,
        _ => Exit!.ExitCode,
    };
}
