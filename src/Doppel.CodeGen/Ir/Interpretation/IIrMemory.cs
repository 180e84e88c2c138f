namespace Doppel.CodeGen.Ir.Interpretation;

/// <summary>
/// What lies around a region that is interpreted: the guest's memory, its interpreter, and whoever wants attention. The distance is always that of the guest
/// instruction. An implementation may read and write the slots that it was given together with the interpreter's run; where it says that the region is left, it
/// has set the program counter's slot if it wants to.
/// </summary>
public interface IIrMemory
{
    /// <summary>Loads 1, 2, 4 or 8 bytes from any address, zero-extended.</summary>
    /// <returns>False if it trapped.</returns>
    bool TryLoad(ulong address, int size, long distance, out ulong value);

    /// <summary>Stores the low 1, 2, 4 or 8 bytes.</summary>
    /// <returns>False if it trapped.</returns>
    bool TryStore(ulong address, int size, ulong value, long distance);

    /// <summary>Executes <see cref="IrOpcode.ZeroBlock"/>.</summary>
    /// <returns>False if it trapped.</returns>
    bool TryZeroBlock(ulong address, long distance);

    /// <summary>Whether the code page with a number is where <see cref="IrOpcode.RequirePage"/> wants it.</summary>
    bool IsPresent(long distance, long page);

    /// <summary>Executes one of the atomic operations (<see cref="IrOpcode.LoadReserved"/> to <see cref="IrOpcode.AtomicMaxU"/>) on 4 or 8 bytes.</summary>
    /// <param name="operand">What is stored or combined, in its low bytes.</param>
    /// <param name="value">What memory held, zero-extended; of a store-conditional 0 if it stored, else 1.</param>
    /// <returns>False if it trapped, as it does for a misaligned address.</returns>
    bool TryAtomic(IrOpcode operation, ulong address, int size, ulong operand, long distance, out ulong value);

    /// <summary>Executes <see cref="IrOpcode.SelectContext"/>.</summary>
    void SelectContext(ulong number);

    /// <summary>The guest's interpreter executes the instruction.</summary>
    /// <returns>True to go on behind it, false to leave.</returns>
    bool Step(long distance);

    /// <summary>Whether the region must be left because something wants attention.</summary>
    bool WantsAttention(long distance);

    /// <summary>Whether something wants attention, for <see cref="IrOpcode.JumpUnlessAttention"/>: the region goes on.</summary>
    bool WantsAttention();

    /// <summary>Takes instructions from the budget.</summary>
    /// <returns>False, with nothing taken, if there are fewer.</returns>
    bool TryCount(long instructions) => true;

    /// <summary>Gives instructions back.</summary>
    void Uncount(long instructions)
    {
    }
}
