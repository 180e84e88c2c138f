using Doppel.Core.Snapshot;

namespace Doppel.Core.Vcpu;

/// <summary>
/// One virtual processor of any instruction set under any engine. <see cref="Run"/> belongs to one thread at a time;
/// <see cref="Kick"/> and <see cref="SetInterruptLine"/> may be called from any thread.
/// </summary>
/// <remarks>
/// Registers are 64-bit slots numbered by the instruction set. Debuggers, dumps, snapshots and all engines use the same numbers,
/// so a state saved under one engine continues under another.
/// </remarks>
public interface IVcpu : ISnapshotPart
{
    /// <summary>The processor's number in its machine, from 0.</summary>
    int Id { get; }

    /// <summary>Runs guest code until something stops it.</summary>
    /// <param name="budget">Guest instructions after which to return <see cref="StopReason.Budget"/>; exact. <see cref="long.MaxValue"/> means no limit.</param>
    StopReason Run(long budget);

    /// <summary>Makes a running or the next <see cref="Run"/> return <see cref="StopReason.Kicked"/> soon, and ends <see cref="WaitForWork"/>.</summary>
    void Kick();

    /// <summary>After <see cref="StopReason.Halted"/>: sleeps, using no host CPU, until an interrupt, a request of another vCPU or a kick arrives.</summary>
    void WaitForWork();

    /// <summary>Raised on any thread when there may be something to do for a processor that has been <see cref="StopReason.Halted"/>. Receivers must be quick.</summary>
    event Action? WorkArrived;

    /// <summary>Raised on the vCPU's own thread at the beginning of <see cref="WaitForWork"/>: it has done all that it had to do. Receivers must be quick.</summary>
    event Action? Idle;

    /// <summary>Drives one of the processor's interrupt inputs, level-sensitive. Line numbers are the instruction set's.</summary>
    void SetInterruptLine(int line, bool level);

    /// <summary>Puts the processor into its architectural reset state. Only while it does not run.</summary>
    void Reset();

    /// <summary>
    /// Forgets which pages of RAM may be written without a look at <see cref="Memory.MemoryRegion.Dirty"/>, because its marks have been taken. Only while it does not run.
    /// </summary>
    void DropWritePermissions();

    /// <summary>Guest instructions retired since creation.</summary>
    ulong InstructionsRetired { get; }

    /// <summary>
    /// What the budget of <see cref="Run"/> counts, since creation: instructions retired, and those that ended in an exception. Exact on the vCPU's own thread whenever it leaves the
    /// guest's code for anything else: a device, a trap, a register of the machine.
    /// </summary>
    ulong InstructionsExecuted { get; }

    /// <summary>What went wrong when <see cref="Run"/> returned <see cref="StopReason.EngineFault"/>.</summary>
    string? Fault { get; }

    /// <summary>How many numbered registers there are.</summary>
    int RegisterCount { get; }

    /// <summary>The specification's name of register <paramref name="number"/>.</summary>
    string RegisterName(int number);

    ulong ReadRegister(int number);

    /// <summary>Writes a register while the processor does not run.</summary>
    void WriteRegister(int number, ulong value);
}
