namespace Doppel.Core.Engine;

/// <summary>An engine with generated code, as one processor sees it. All members belong to the vCPU's own thread.</summary>
public interface ICodeEngine
{
    /// <summary>Runs guest code from the program counter's slot until attention is wanted or the processor must look around.</summary>
    /// <param name="budget">Where code counts, most instructions to execute; <see cref="long.MaxValue"/> for no limit.</param>
    void Run(long budget);

    /// <summary>
    /// Whether it always keeps to budgets, and <see cref="IGuestProcessor.InstructionsExecuted"/> is exact whenever it asks the processor for something. If not, it does so under those code
    /// modes (<see cref="ProcessorContext.CodeMode"/>) in which the instruction set says that instructions are counted, and leaves where another mode begins.
    /// </summary>
    bool Counts { get; }

    /// <summary><see cref="IGuestProcessor.Context"/> may have changed.</summary>
    void ContextChanged();

    /// <summary>Forgets all translations of addresses.</summary>
    void FlushTranslations();

    /// <summary>Forgets the translations that are not global of all address spaces whose number has these bits.</summary>
    void FlushSpaces(ulong mask, ulong value);

    /// <summary>Forgets the translations of one 4 KiB page in every address space.</summary>
    void FlushPage(ulong address);

    /// <summary>Code may have changed: what was translated is compared with memory before it runs again.</summary>
    void FlushCode();
}
