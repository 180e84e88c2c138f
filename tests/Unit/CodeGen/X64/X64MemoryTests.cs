using Doppel.CodeGen;
using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Loads, stores and atomic operations against the interpreter, through the TLB and past it.</summary>
public sealed class X64MemoryTests
{
    private static readonly ulong[] Everywhere = [.. Enumerable.Repeat(ulong.MaxValue, 32)];
    private static readonly int[] IntegerSlots = [10, 11, 3, 4];
    private static readonly int[] FloatSlots = [42, 43, 60, 61];

    public static TheoryData<X64Features> FeatureSets => Comparison.FeatureSets;

    public static TheoryData<IrOpcode, bool> AtomicOperations
    {
        get
        {
            var data = new TheoryData<IrOpcode, bool>();
            for (IrOpcode code = IrOpcode.LoadReserved; code <= IrOpcode.AtomicMaxU; code++)
            {
                data.Add(code, false);
                data.Add(code, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(FeatureSets))]
    public void Load_gives_what_the_interpreter_loads(X64Features features)
    {
        using var comparison = new Comparison(features);
        var random = new Random(2);
        var region = new IrRegion();
        comparison.Randomize(random);
        for (int i = 0; i < 4000; i++)
        {
            if (i % 100 == 0) comparison.Machine.FlushTlbs();
            comparison.Machine.FillsTlbs = random.Next(4) != 0;
            IrType type = (IrType)random.Next((int)IrType.F32 + 1);
            int[] targets = type >= IrType.F64 ? FloatSlots : IntegerSlots;
            int @base = IntegerSlots[random.Next(4)];
            int offset = Offset(random);
            region.Reset();
            region.KeepsView = random.Next(2) == 0;
            region.WithPairs = random.Next(2) == 0 ? Everywhere : default;
            region.BeginInstruction(0);
            IrOperand first = Bystander(region, random, 5), second = Bystander(region, random, 12);
            IrOperand address = Address(region, random, @base);
            IrOperand d = random.Next(4) == 0 ? region.NewTemp() : IrOperand.Slot(targets[random.Next(4)]);
            region.Emit(IrOpcode.Load, type, d, address, c: region.Constant(offset));
            if (d.IsTemp) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(targets[random.Next(4)]), a: d);
            Keep(region, first, 22);
            Keep(region, second, 23);
            if (address.IsTemp) Keep(region, address, 24);
            region.Emit(IrOpcode.Goto, a: region.Constant(4));
            comparison.Check(region, 3, slots => Fill(slots, random, @base, offset));
        }

        Assert.Contains(CallbackKind.Load64, comparison.Machine.Asked);
    }

    [Theory]
    [MemberData(nameof(FeatureSets))]
    public void Store_changes_what_the_interpreter_changes(X64Features features)
    {
        using var comparison = new Comparison(features);
        var random = new Random(3);
        var region = new IrRegion();
        comparison.Randomize(random);
        for (int i = 0; i < 4000; i++)
        {
            if (i % 100 == 0) comparison.Machine.FlushTlbs();
            comparison.Machine.FillsTlbs = random.Next(4) != 0;
            IrType type = (IrType)random.Next((int)IrType.F32 + 1);
            int[] sources = type >= IrType.F64 ? FloatSlots : IntegerSlots;
            int @base = IntegerSlots[random.Next(4)];
            int offset = Offset(random);
            region.Reset();
            region.KeepsView = random.Next(2) == 0;
            region.WithPairs = random.Next(2) == 0 ? Everywhere : default;
            region.BeginInstruction(0);
            IrOperand bystander = Bystander(region, random, 5);
            IrOperand value = IrOperand.Slot(sources[random.Next(4)]);
            switch (random.Next(4))
            {
                case 0 when type < IrType.F64:
                    value = region.Constant(random.Next(2) == 0 ? random.Next(-200, 200) : random.NextInt64());
                    break;
                case 1:
                    IrOperand temp = region.NewTemp();
                    region.Emit(IrOpcode.Mov, d: temp, a: value);
                    value = temp;
                    break;
            }

            IrOperand address = Address(region, random, @base);
            region.Emit(IrOpcode.Store, type, a: address, b: value, c: region.Constant(offset));
            Keep(region, bystander, 22);
            if (address.IsTemp) Keep(region, address, 24);
            if (value.IsTemp && random.Next(2) == 0) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(25), a: value);
            region.Emit(IrOpcode.Goto, a: region.Constant(4));
            comparison.Check(region, 3, slots => Fill(slots, random, @base, offset));
        }

        Assert.Contains(CallbackKind.Store64, comparison.Machine.Asked);
    }

    [Theory]
    [MemberData(nameof(AtomicOperations))]
    public void Atomic_operation_does_what_the_interpreter_does(IrOpcode code, bool singleProcessor)
    {
        using var comparison = new Comparison(X64Host.Features, singleProcessor);
        var random = new Random((int)code);
        var region = new IrRegion();
        comparison.Randomize(random);
        for (int i = 0; i < 600; i++)
        {
            if (i % 100 == 0) comparison.Machine.FlushTlbs();
            comparison.Machine.FillsTlbs = random.Next(4) != 0;
            IrType type = random.Next(2) == 0 ? IrType.S32 : IrType.I64;
            int @base = IntegerSlots[random.Next(4)];
            region.Reset();
            region.KeepsView = random.Next(2) == 0;
            region.WithPairs = random.Next(2) == 0 ? Everywhere : default;
            region.BeginInstruction(0);
            IrOperand value = random.Next(4) == 0 ? region.Constant(random.Next(-3, 3)) : IrOperand.Slot(IntegerSlots[random.Next(4)]);
            if (code is IrOpcode.StoreConditional && random.Next(4) != 0)
            {
                // A reservation, now and then of another width, and at times memory that has changed since.
                region.Emit(IrOpcode.LoadReserved, random.Next(8) == 0 ? IrType.S32 : type, IrOperand.Slot(26), IrOperand.Slot(@base));
                region.BeginInstruction(4);
                if (random.Next(3) == 0) region.Emit(IrOpcode.Store, IrType.I64, a: IrOperand.Slot(@base), b: IrOperand.Slot(27), c: region.Constant(0));
                region.BeginInstruction(8);
            }

            IrOperand d = random.Next(5) == 0 ? IrOperand.None : IrOperand.Slot(IntegerSlots[random.Next(4)]);
            region.Emit(code, type, d.IsNone ? IrOperand.Slot(28) : d, IrOperand.Slot(@base), code == IrOpcode.LoadReserved ? IrOperand.None : value);
            region.Emit(IrOpcode.Goto, a: region.Constant(12));
            comparison.Check(region, 3, slots => Fill(slots, random, @base, 0, alignment: type == IrType.S32 ? 4 : 8));
        }

        Assert.Contains(CallbackKind.StepAtomic, comparison.Machine.Asked);
    }

    /// <summary>Random values, and an address that mostly is in memory and mostly is aligned.</summary>
    private static void Fill(Span<ulong> slots, Random random, int @base, int offset, int alignment = 8)
    {
        foreach (ref ulong slot in slots) slot = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        ulong address = random.Next(10) switch
        {
            0 => Comparison.MemoryEnd - (ulong)random.Next(9),
            1 => Comparison.MemoryStart + 4096 - (ulong)random.Next(9),
            2 => (ulong)random.NextInt64(),
            _ => Comparison.MemoryStart + (ulong)random.Next(2 * 4096 - 16),
        };
        if (random.Next(5) != 0) address &= ~(ulong)(alignment - 1);
        slots[@base] = address - (ulong)offset;
    }

    private static int Offset(Random random) => random.Next(4) switch { 0 => 0, 1 => random.Next(-2048, 2048), 2 => random.Next(-128, 128), _ => random.Next(int.MinValue, int.MaxValue) };

    private static IrOperand Address(IrRegion region, Random random, int slot)
    {
        if (random.Next(3) != 0) return IrOperand.Slot(slot);
        IrOperand temp = region.NewTemp();
        region.Emit(IrOpcode.Mov, d: temp, a: IrOperand.Slot(slot));
        return temp;
    }

    /// <summary>Perhaps a temporary that lives across what follows.</summary>
    private static IrOperand Bystander(IrRegion region, Random random, int slot)
    {
        if (random.Next(3) != 0) return IrOperand.None;
        IrOperand temp = region.NewTemp();
        region.Emit(IrOpcode.Mov, d: temp, a: IrOperand.Slot(slot));
        return temp;
    }

    private static void Keep(IrRegion region, IrOperand temp, int slot)
    {
        if (!temp.IsNone) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(slot), a: temp);
    }
}
