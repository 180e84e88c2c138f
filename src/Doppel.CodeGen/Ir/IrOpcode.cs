namespace Doppel.CodeGen.Ir;

/// <summary>
/// The operations. <c>d</c>, <c>a</c>, <c>b</c>, <c>c</c> are the operands; where nothing else is said, <c>a</c> and <c>b</c> are values (temporary, slot or constant)
/// and <c>d</c> is a temporary or a slot; floating-point operands are no constants. Every operation is total: what it does is defined for all operands.
/// <see cref="IrSignature"/> has the forms of all.
/// </summary>
public enum IrOpcode : byte
{
    // Integers: I64, U32, S32.

    /// <summary>d = a, narrowed to the type and extended; any integer type. Copies between integer and floating-point slots too (I64: all bits).</summary>
    Mov,
    Add,
    Sub,
    Mul,

    /// <summary>The high 64 bits of the 128-bit product; I64 only. Signed by signed.</summary>
    MulHighS,

    /// <summary>Unsigned by unsigned.</summary>
    MulHighU,

    /// <summary>Signed a by unsigned b.</summary>
    MulHighSU,

    /// <summary>The low 64 bits of the product of a and b as polynomials over GF(2): additions are exclusive ors. I64 only, and not every backend has it, nor its other half.</summary>
    MulCarryless,

    /// <summary>The high 64 bits, of which the topmost is zero.</summary>
    MulCarrylessHigh,

    /// <summary>Quotient towards zero. By zero: all ones. Overflow: a.</summary>
    DivS,

    /// <summary>By zero: all ones (of the width, then extended).</summary>
    DivU,

    /// <summary>Remainder with the dividend's sign. By zero: a. Overflow: 0.</summary>
    RemS,

    /// <summary>By zero: a.</summary>
    RemU,
    And,
    Or,
    Xor,

    /// <summary>a &amp; ~b.</summary>
    AndNot,

    /// <summary>a | ~b.</summary>
    OrNot,

    /// <summary>a ^ ~b.</summary>
    XorNot,

    /// <summary>Shifts and rotates take b modulo the width.</summary>
    Shl,
    Shr,
    Sar,
    Rol,
    Ror,

    /// <summary>I64 only.</summary>
    MinS,
    MaxS,
    MinU,
    MaxU,

    /// <summary>d = (a &lt;&lt; c) + b, c a constant 0–3. With U32, a is zero-extended from 32 bits first; the sum always has 64 bits.</summary>
    ShlAdd,

    /// <summary>Leading zeros; the width for zero. I64 or U32.</summary>
    Clz,

    /// <summary>Trailing zeros; the width for zero. I64 or U32.</summary>
    Ctz,

    /// <summary>Ones. I64 or U32.</summary>
    Popcount,

    /// <summary>Reverses the eight bytes; I64.</summary>
    ByteSwap,

    /// <summary>d = a with bit (b mod 64) set; I64, as are the other three.</summary>
    BitSet,
    BitClear,
    BitFlip,

    /// <summary>d = bit (b mod 64) of a.</summary>
    BitTest,

    /// <summary>d = a condition b ? 1 : 0; I64.</summary>
    Set,

    /// <summary>d = a != 0 ? b : c; I64. As with <see cref="Mov"/>, b, c and d may be floating-point slots, whose bits are taken.</summary>
    Select,

    // Memory at the guest virtual address a + c, c a constant of 32 bits. Leaves the region with a trap if it faults; nothing is changed then.

    /// <summary>d = memory, extended by the type. F32 is boxed.</summary>
    Load,

    /// <summary>memory = the low bits of b.</summary>
    Store,

    /// <summary>d = memory, and a reservation; S32 or I64. The address is a; misaligned traps; d may be missing; so for all atomic operations.</summary>
    LoadReserved,

    /// <summary>memory = b if the reservation holds; d = 0 if stored, else 1.</summary>
    StoreConditional,

    /// <summary>d = memory; memory = memory op b. S32 or I64.</summary>
    AtomicSwap,
    AtomicAdd,
    AtomicAnd,
    AtomicOr,
    AtomicXor,
    AtomicMinS,
    AtomicMaxS,
    AtomicMinU,
    AtomicMaxU,

    /// <summary>The 64 bytes of memory around address a, a multiple of 64, become zero. The guest's interpreter executes the instruction if a is not such a multiple, or not of plain memory.</summary>
    ZeroBlock,

    /// <summary>Orders every earlier store before every later load.</summary>
    Fence,

    // Floating point: F32, F64, rounded by the current mode, exceptions accumulated in the sticky flags. NaN results have the host's payload: follow with FCanon.
    FAdd,
    FSub,
    FMul,
    FDiv,

    /// <summary>d = sqrt(a).</summary>
    FSqrt,

    /// <summary>d = a × b + c, rounded once.</summary>
    FMulAdd,

    /// <summary>d = a × b − c.</summary>
    FMulSub,

    /// <summary>d = −(a × b) + c.</summary>
    FNegMulAdd,

    /// <summary>d = −(a × b) − c.</summary>
    FNegMulSub,

    /// <summary>IEEE 754-2019 minimumNumber; −0 &lt; +0; two NaNs give the canonical one; a signalling NaN raises invalid.</summary>
    FMin,
    FMax,

    /// <summary>d = a with the sign of b.</summary>
    FSignCopy,

    /// <summary>d = a with the opposite of b's sign.</summary>
    FSignNot,

    /// <summary>d = a with the exclusive or of both signs.</summary>
    FSignXor,

    /// <summary>d (integer) = a == b; quiet: only a signalling NaN raises invalid.</summary>
    FEqual,

    /// <summary>d (integer) = a &lt; b; any NaN raises invalid.</summary>
    FLess,
    FLessOrEqual,

    /// <summary>d = a, or the canonical quiet NaN (positive, payload 0) if a is a NaN. Raises nothing.</summary>
    FCanon,

    /// <summary>d = a if bits 63–32 are ones, else the boxed canonical NaN. F32.</summary>
    FUnbox,

    /// <summary>d = the low 32 bits of a, which may be an integer, with ones above. F32.</summary>
    FBox,

    /// <summary>The type is the result's: F64 from F32, or F32 from F64. NaNs keep a payload: follow with FCanon.</summary>
    FConvert,

    /// <summary>d (F32 or F64, the type) = the integer a; <see cref="IrOp.Detail"/> is the <see cref="IrType"/> of the integer: I64 (signed), S32, U32, or U64 as <see cref="IrOp.Unsigned64"/>.</summary>
    FFromInt,

    /// <summary>
    /// d (integer, kind in <see cref="IrOp.Detail"/> as for <see cref="FFromInt"/>) = a (F32 or F64, the type) rounded towards zero, saturating;
    /// NaN gives the largest; out of range raises invalid and not inexact. 32-bit results are extended as their kind says.
    /// </summary>
    FToIntZero,

    /// <summary>As <see cref="FToIntZero"/>, rounded to the nearest, of two to the even one, whatever the current mode is.</summary>
    FToIntNearest,

    /// <summary>As <see cref="FToIntZero"/>, rounded down.</summary>
    FToIntDown,

    /// <summary>As <see cref="FToIntZero"/>, rounded up.</summary>
    FToIntUp,

    /// <summary>As <see cref="FToIntZero"/>, rounded by the current mode.</summary>
    FToInt,

    /// <summary>d (integer) = the sticky flags: inexact, underflow, overflow, divide by zero, invalid from bit 0.</summary>
    FReadFlags,

    /// <summary>The sticky flags = the low five bits of a (integer).</summary>
    FWriteFlags,

    // Control.

    /// <summary>The place c. Temporaries do not live across it.</summary>
    Label,

    /// <summary>Goes to label c.</summary>
    Jump,

    /// <summary>Goes to label c if a condition b.</summary>
    Branch,

    /// <summary>Goes to label c unless something wants attention: the way back of a loop that has something to do before it is left.</summary>
    JumpUnlessAttention,

    /// <summary>Leaves for the guest code at constant distance a from the region's page (any distance; the page itself too). Ends a block.</summary>
    Goto,

    /// <summary>Leaves for the guest code at virtual address a. Ends a block.</summary>
    GotoIndirect,

    /// <summary>Leaves the engine's code if something wants attention; goes on at distance a. At region entries and loop heads.</summary>
    CheckAttention,

    /// <summary>
    /// Counts a (a constant, above 0) guest instructions, those that follow, ahead of their execution; leaves the engine's code if fewer are left of the budget, and goes on at distance b.
    /// In regions that count it stands before every instruction that is reached by other ways than from the one before it, and behind every branch.
    /// </summary>
    Count,

    /// <summary>Of the guest instructions that were counted but not executed all but one are not executed after all: a (a constant) are given back.</summary>
    Uncount,

    /// <summary>
    /// From here on memory and code are seen as in the context with number a, which the slots say too: equal numbers are equal contexts, as long as nothing is changed that only the
    /// guest's interpreter changes. Never all ones. If it is another mode of code, what follows must be <see cref="GotoIndirect"/>.
    /// </summary>
    SelectContext,

    /// <summary>
    /// The guest instruction is partly in the page at distance a, where the code page with number b (a constant) was when it was translated. If it is not there now, the interpreter executes
    /// the whole instruction, and the region is left.
    /// </summary>
    RequirePage,

    /// <summary>The guest's interpreter executes the instruction at distance a; goes on with the next operation if it neither trapped nor went elsewhere, else leaves.</summary>
    Step,

    /// <summary>As <see cref="Step"/>, but what follows is never reached: the instruction ends the block.</summary>
    StepLast,
}
