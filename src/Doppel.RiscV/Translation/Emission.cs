using Doppel.CodeGen.Ir;
using Doppel.RiscV.Hart;

namespace Doppel.RiscV.Translation;

/// <summary>What the translators of instructions write to: the region, and where and under which mode the present instruction is.</summary>
internal sealed class Emission(RegionLabels labels, Predicate<IrOpcode> supports, bool counts, bool tracesTraps)
{
    private const int NoRegister = -1;

    // f registers, by number, that hold a boxed single-precision value for sure.
    private uint _boxed;

    // The register that the instruction before this one has set to the page's address and a distance.
    private int _addressRegister, _nextAddressRegister;
    private long _addressDistance;

    /// <summary>Instructions behind the present one that are counted with it.</summary>
    private int _ahead;

    public IrRegion Region { get; private set; } = new();

    public CodeMode Mode { get; private set; }

    /// <summary>Whether the backend has floating-point operations, but for those that <see cref="HasFusedArithmetic"/> says.</summary>
    public bool HasFloat { get; } = supports(IrOpcode.FAdd);

    /// <summary>Whether it has multiplication without carries.</summary>
    public bool HasCarryless { get; } = supports(IrOpcode.MulCarryless);

    /// <summary>Whether it has multiplication and addition with one rounding.</summary>
    public bool HasFusedArithmetic { get; } = supports(IrOpcode.FMulAdd);

    /// <summary>Whether traps may be taken here: nobody has to be told of them, and they need not be counted.</summary>
    public bool TakesTraps => !tracesTraps && !Counts;

    /// <summary>Whether other contexts may be selected here; what counts leaves that to the interpreter.</summary>
    public bool SelectsContexts => !Counts;

    /// <summary>Of the present instruction from the page's address.</summary>
    public int Distance { get; private set; }

    public RegionLabels Labels => labels;

    public IrOperand Pc => IrOperand.Slot(RiscVSlot.Pc);

    public IrOperand Zero => Region.Constant(0);

    public void BeginRegion(IrRegion region, CodeMode mode)
    {
        Region = region;
        Mode = mode;
        BeginBlock(boxed: 0);
    }

    /// <summary>Other code comes here too.</summary>
    /// <param name="boxed">The f registers, by number, that are boxed whatever way it has come.</param>
    public void BeginBlock(uint boxed)
    {
        _boxed = boxed;
        _nextAddressRegister = NoRegister;
    }

    /// <summary>Whether the region counts its instructions.</summary>
    public bool Counts => counts || Mode.Counts;

    /// <summary>What <see cref="RegionLabels.ForStep"/> needs of the present instruction's block; -1 if the region does not count.</summary>
    public int Ahead => Counts ? _ahead : -1;

    /// <summary>A block of so many instructions begins.</summary>
    public void BeginCount(int instructions, int distance)
    {
        _ahead = instructions;
        Region.Emit(IrOpcode.Count, a: Constant(instructions), b: Constant(distance));
    }

    public void BeginInstruction(int distance)
    {
        Distance = distance;
        _ahead--;
        _addressRegister = _nextAddressRegister;
        _nextAddressRegister = NoRegister;
        Region.BeginInstruction(distance);
    }

    public IrOperand Constant(long value) => Region.Constant(value);

    /// <summary>A source register; x0 is the constant 0.</summary>
    public IrOperand Read(byte slot) => slot == RiscVSlot.X ? Zero : IrOperand.Slot(slot);

    /// <summary>A destination register; x0 is a temporary that nobody reads.</summary>
    public IrOperand Write(byte slot) => slot == RiscVSlot.Sink ? Region.NewTemp() : IrOperand.Slot(slot);

    /// <summary>A new temporary with the result of an operation.</summary>
    public IrOperand Compute(IrOpcode code, IrOperand a, IrOperand b = default, IrType type = IrType.I64)
    {
        IrOperand result = Region.NewTemp();
        Region.Emit(code, type, result, a, b);
        return result;
    }

    public void Emit(IrOpcode code, IrOperand d, IrOperand a, IrOperand b = default, IrType type = IrType.I64) => Region.Emit(code, type, d, a, b);

    /// <summary>The interpreter executes the present instruction.</summary>
    public void Step() => Region.Emit(IrOpcode.Step, a: Constant(Distance));

    public void StepLast() => Region.Emit(IrOpcode.StepLast, a: Constant(Distance));

    /// <summary>The way to another region: of a call, say. Back within the page it may lead round in a circle.</summary>
    public void Goto(long distance) => RegionLabels.Goto(Region, distance, isBackward: (ulong)distance < RegionWalk.PageSize && distance <= Distance);

    /// <summary>Remembers for the next instruction what auipc has made.</summary>
    public void SetAddress(byte slot, long distance)
    {
        _nextAddressRegister = slot;
        _addressDistance = distance;
    }

    /// <summary>Whether a register holds the page's address and a distance for sure.</summary>
    public bool TryGetAddress(byte slot, out long distance)
    {
        distance = _addressDistance;
        return slot == _addressRegister;
    }

    public bool IsBoxed(byte slot) => (_boxed >> (slot - RiscVSlot.F) & 1) != 0;

    /// <summary>Remembers whether the f register that was written is boxed; other slots do not matter.</summary>
    public void SetBoxed(byte slot, bool boxed)
    {
        int number = slot - RiscVSlot.F;
        if (number is < 0 or > 31) return;
        if (boxed) _boxed |= 1u << number;
        else _boxed &= ~(1u << number);
    }
}
