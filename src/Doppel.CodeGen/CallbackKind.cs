namespace Doppel.CodeGen;

/// <summary>
/// What generated code asks of its engine. All registers of the guest are in their slots then, and the program counter's slot holds the page's address.
/// The function is <c>int f(engine, kind, a, b, distance)</c>, with the value of <see cref="FrameSlot.Engine"/> first: zero to go on, else the code must leave with that value.
/// </summary>
public enum CallbackKind
{
    /// <summary>Load from virtual address a; the result, zero-extended, goes to <see cref="FrameSlot.Result"/>. The following three are for 2, 4 and 8 bytes.</summary>
    Load8,
    Load16,
    Load32,
    Load64,

    /// <summary>Store b to virtual address a.</summary>
    Store8,
    Store16,
    Store32,
    Store64,

    /// <summary>Interpret the instruction at the distance.</summary>
    Step,

    /// <summary>As <see cref="Step"/>, for an atomic operation at virtual address a whose page is not in the TLB that it needs: the write TLB if b is not 0.</summary>
    StepAtomic,

    /// <summary>Find code for link number a; the host address goes to <see cref="FrameSlot.Result"/>.</summary>
    Link,

    /// <summary>Find code for virtual address a; the host address goes to <see cref="FrameSlot.Result"/>.</summary>
    Lookup,

    /// <summary>Attention is wanted at the distance; always leaves.</summary>
    Attention,

    /// <summary>
    /// As <see cref="Step"/>, for an instruction that ends its block: to go on means to go where the guest now is, by the host address in <see cref="FrameSlot.Result"/>.
    /// </summary>
    StepLast,

    /// <summary>Of the budget less is left than the block at the distance has instructions; always leaves.</summary>
    Budget,

    /// <summary>The context with number a is not in the table of contexts: make it the present one.</summary>
    Context,
}
