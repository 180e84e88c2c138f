using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Every operation without effects, with operands in all kinds of places, against the interpreter of operations.</summary>
public sealed class X64IntegerTests
{
    private const int Runs = 4;

    // With and without a register, integer and vector.
    private static readonly int[] Slots = [10, 11, 3, 4, 42, 60];

    private static readonly long[] Constants =
        [0, 1, -1, 2, 7, 31, 32, 63, 64, 255, 0xffff, -128, 0x7fff_ffff, -0x8000_0000, 0xffff_ffff, 0x8000_0000, 0x1234_5678_9abc_def0, long.MinValue, long.MaxValue];

    /// <summary>Values for slots; a run takes some in a row. To draw each anew took half of the time.</summary>
    private static readonly ulong[] Values = Draw(1 << 16, new Random(2));

    public static TheoryData<IrOpcode, X64Features> Operations
    {
        get
        {
            var data = new TheoryData<IrOpcode, X64Features>();
            for (IrOpcode code = IrOpcode.Mov; code < IrOpcode.Load; code++)
            {
                foreach (X64Features features in Comparison.FeatureSets) data.Add(code, features);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_has_the_interpreters_result_wherever_its_operands_are(IrOpcode code, X64Features features)
    {
        if (!X64Backend.Supports(features, code)) return; // front ends do without
        using var comparison = new Comparison(features);
        IrSignature signature = IrSignature.Of(code);
        var random = new Random(1);
        var region = new IrRegion();
        foreach (IrType type in Enum.GetValues<IrType>().Where(signature.Allows))
        {
            int places = Slots.Length + 3;
            for (int d = 0; d < Slots.Length + 1; d++)
            {
                for (int a = 0; a < places; a++)
                {
                    for (int b = 0; b < (signature.B == IrRule.Nothing ? 1 : places); b++)
                    {
                        Build(region, random, code, type, signature, d, a, b);
                        comparison.Check(region, Runs, slots => Values.AsSpan(random.Next(Values.Length - slots.Length), slots.Length).CopyTo(slots));
                    }
                }
            }
        }
    }

    private static ulong[] Draw(int count, Random random)
    {
        ulong[] values = new ulong[count];
        foreach (ref ulong value in values.AsSpan())
        {
            value = random.Next(5) switch
            {
                0 => (ulong)Constants[random.Next(Constants.Length)],
                1 => (ulong)random.Next(-70, 70),
                2 => (ulong)random.NextInt64() & 0xffff_ffff,
                _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            };
        }

        return values;
    }

    private static void Build(IrRegion region, Random random, IrOpcode code, IrType type, IrSignature signature, int d, int a, int b)
    {
        region.Reset();
        region.BeginInstruction(0);
        IrOperand shared = default;
        IrOperand left = Operand(region, random, a, ref shared);
        IrOperand right = signature.B == IrRule.Nothing ? IrOperand.None : Operand(region, random, b, ref shared);
        IrOperand third = signature.C switch
        {
            IrRule.Scale => region.Constant(random.Next(4)),
            IrRule.Nothing => IrOperand.None,
            _ => Operand(region, random, random.Next(Slots.Length + 3), ref shared),
        };

        // One temporary goes on living behind the operation, so that its register is not free.
        IrOperand bystander = IrOperand.None;
        if (random.Next(2) == 0)
        {
            bystander = region.NewTemp();
            region.Emit(IrOpcode.Mov, d: bystander, a: IrOperand.Slot(5));
        }

        IrOperand target = d < Slots.Length ? IrOperand.Slot(Slots[d]) : random.Next(3) == 0 && left.IsTemp ? left : region.NewTemp();
        byte detail = signature.Detail == IrDetailRule.Condition ? (byte)random.Next(6) : (byte)0;
        region.Emit(code, type, target, left, right, third, detail);
        if (target.IsTemp) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(20), a: target);
        if (!bystander.IsNone) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(21), a: bystander);
        if (!shared.IsNone) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(12), a: shared);
        region.Emit(IrOpcode.Goto, a: region.Constant(4));
    }

    /// <summary>A slot; or a constant; or a temporary, of which one may be used again.</summary>
    private static IrOperand Operand(IrRegion region, Random random, int place, ref IrOperand shared)
    {
        if (place < Slots.Length) return IrOperand.Slot(Slots[place]);
        if (place == Slots.Length) return region.Constant(Constants[random.Next(Constants.Length)]);
        if (!shared.IsNone && random.Next(3) == 0) return shared;
        IrOperand temp = region.NewTemp();
        region.Emit(IrOpcode.Mov, d: temp, a: IrOperand.Slot(Slots[random.Next(Slots.Length)]));
        if (place == Slots.Length + 2 && random.Next(2) == 0) shared = temp;
        return temp;
    }
}
