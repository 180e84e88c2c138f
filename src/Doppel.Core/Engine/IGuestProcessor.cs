using Doppel.Core.Vcpu;

namespace Doppel.Core.Engine;

/// <summary>
/// What an engine with generated code asks of a processor of any instruction set. All members are called on the vCPU's own thread; the program counter's slot holds
/// the program counter, and all registers are in their slots.
/// </summary>
public interface IGuestProcessor
{
    CpuState State { get; }

    ProcessorContext Context { get; }

    /// <summary>
    /// The RAM page behind a virtual address, with all checks that hold for the whole page. Has the effects of an access (accessed and dirty bits, dirty bitmap) but raises nothing.
    /// </summary>
    /// <returns>False if the page must not be cached: not RAM, protected, or not of one kind; then the access itself must be asked for.</returns>
    bool TryMapPage(ulong address, PageAccess access, out PageMapping mapping);

    /// <summary>Loads 1, 2, 4 or 8 bytes from any address, zero-extended.</summary>
    /// <returns>False if it trapped: the trap has been taken, and the program counter's slot says where to go on.</returns>
    bool TryLoad(ulong address, int size, out ulong value);

    /// <summary>Stores the low 1, 2, 4 or 8 bytes.</summary>
    /// <returns>As <see cref="TryLoad"/>.</returns>
    bool TryStore(ulong address, int size, ulong value);

    /// <summary>Executes one instruction.</summary>
    /// <returns>
    /// True if it went on to the instruction behind it, with the same <see cref="ProcessorContext.CodeMode"/>, and nothing wants attention; changes of the rest of the context have been
    /// announced (<see cref="ICodeEngine.ContextChanged"/>). Else the program counter's slot says where to go on, and everything may have changed.
    /// </returns>
    bool Step();

    /// <summary>Executes about so many instructions, or fewer: until the processor must look around. Only where they are not counted (<see cref="ICodeEngine.Counts"/>).</summary>
    void Interpret(int instructions);

    /// <summary>Generated code has changed the slots that the context follows from: the processor derives from them what it keeps of it, and announces the change.</summary>
    void ContextSelected();

    /// <summary>Whether the processor may execute the next instruction without looking around first: nothing wants attention, and no interrupt is to be taken.</summary>
    bool CanGoOn { get; }

    /// <summary>As <see cref="IVcpu.InstructionsExecuted"/>.</summary>
    ulong InstructionsExecuted { get; }

    /// <summary>An engine that <see cref="ICodeEngine.Counts"/> tells how many instructions its own code has executed; those of <see cref="Step"/> the processor knows.</summary>
    void Retire(long instructions);

    /// <summary>IEEE exception flags and rounding direction, which live in the host's control word while generated code runs.</summary>
    FloatEnvironment FloatEnvironment { get; set; }
}
