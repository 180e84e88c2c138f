using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.X64;
using Doppel.RiscV.Float;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Every floating-point operation with operands and results in all kinds of places, equal and different ones, against the interpreter of operations.</summary>
public sealed class X64FloatPlaceTests
{
    private const int Regions = 2;
    private const int Runs = 2;
    private const ulong Box = 0xffff_ffff_0000_0000;

    // With a vector register, in memory, with an integer register; the last two places are temporaries.
    private static readonly int[] Slots = [42, 43, 60, 61, 10];
    private static readonly byte[] Kinds = [(byte)IrType.S32, (byte)IrType.U32, (byte)IrType.I64, IrOp.Unsigned64];

    public static bool CanRun => X64FloatValueTests.CanRun;

    public static TheoryData<IrOpcode> Operations
    {
        get
        {
            var data = new TheoryData<IrOpcode>();
            for (IrOpcode code = IrOpcode.FAdd; code <= IrOpcode.FToInt; code++) data.Add(code);
            return data;
        }
    }

    [Theory(SkipUnless = nameof(CanRun), Skip = "needs a processor with FMA3")]
    [MemberData(nameof(Operations))]
    public void Operation_has_the_interpreters_result_wherever_its_operands_are(IrOpcode code)
    {
        using var machine = new CodeMachine(new FlatMemory(0, 4096), X64Host.Features, singleProcessor: true);
        IrSignature signature = IrSignature.Of(code);
        var random = new Random(1);
        var region = new IrRegion();
        int places = Slots.Length + 2;
        foreach (IrType type in new[] { IrType.F32, IrType.F64 }.Where(signature.Allows))
        {
            for (int d = 0; d < Slots.Length + 1; d++)
            {
                for (int a = 0; a < places; a++)
                {
                    for (int b = 0; b < (signature.B == IrRule.Nothing ? 1 : places); b++)
                    {
                        for (int i = 0; i < (signature.C == IrRule.Nothing ? 1 : Regions); i++)
                        {
                            Build(region, random, code, type, signature, d, a, b, random.Next(places));
                            nint start = machine.Compile(region);
                            for (int run = 0; run < (signature.B == IrRule.Nothing ? 10 : 1) * Runs; run++) Check(machine, start, region, code, type, random);
                        }
                    }
                }
            }
        }
    }

    private static void Build(IrRegion region, Random random, IrOpcode code, IrType type, IrSignature signature, int d, int a, int b, int c)
    {
        region.Reset();
        region.BeginInstruction(0);
        IrOperand shared = default;

        // A temporary goes on living behind the operation, so that its register is not free.
        IrOperand bystander = random.Next(2) == 0 ? NewTemp(region, 5) : IrOperand.None;
        IrOperand left = Operand(region, random, a, ref shared);
        IrOperand right = signature.B == IrRule.Nothing ? IrOperand.None : Operand(region, random, b, ref shared);
        IrOperand third = signature.C == IrRule.Nothing ? IrOperand.None : Operand(region, random, c, ref shared);
        IrOperand target = d < Slots.Length ? IrOperand.Slot(Slots[d]) : random.Next(3) == 0 && left.IsTemp ? left : region.NewTemp();
        byte detail = signature.Detail == IrDetailRule.Integer ? Kinds[random.Next(Kinds.Length)] : (byte)0;
        region.Emit(code, type, target, left, right, third, detail);
        if (code is <= IrOpcode.FNegMulSub or IrOpcode.FConvert)
        {
            // At once, or later and elsewhere.
            IrOperand canonical = random.Next(3) == 0 ? IrOperand.Slot(random.Next(2) == 0 ? 44 : 62) : target;
            if (random.Next(2) == 0) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(22), a: IrOperand.Slot(23));
            region.Emit(IrOpcode.FCanon, type, canonical, target);
            if (canonical != target) region.Emit(IrOpcode.Mov, d: target, a: canonical);
        }

        if (target.IsTemp) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(random.Next(2) == 0 ? 20 : 45), a: target);
        if (!bystander.IsNone) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(21), a: bystander);
        if (!shared.IsNone) region.Emit(IrOpcode.Mov, d: IrOperand.Slot(46), a: shared);
        region.Emit(IrOpcode.Goto, a: region.Constant(4));
    }

    private static IrOperand Operand(IrRegion region, Random random, int place, ref IrOperand shared)
    {
        if (place < Slots.Length) return IrOperand.Slot(Slots[place]);
        if (!shared.IsNone && random.Next(3) == 0) return shared;
        IrOperand temp = NewTemp(region, Slots[random.Next(Slots.Length)]);
        if (place == Slots.Length + 1 && random.Next(2) == 0) shared = temp;
        return temp;
    }

    private static IrOperand NewTemp(IrRegion region, int slot)
    {
        IrOperand temp = region.NewTemp();
        region.Emit(IrOpcode.Mov, d: temp, a: IrOperand.Slot(slot));
        return temp;
    }

    private static void Check(CodeMachine machine, nint start, IrRegion region, IrOpcode code, IrType type, Random random)
    {
        bool reads32 = code switch { IrOpcode.FConvert => type == IrType.F64, IrOpcode.FUnbox or IrOpcode.FBox or IrOpcode.FFromInt => false, _ => type == IrType.F32 };
        var values = new FloatValues(reads32 || (code is IrOpcode.FUnbox && random.Next(2) == 0) ? IrType.F32 : IrType.F64, random);
        var soft = new SoftFloat { Rounding = (RoundingMode)random.Next(4), Flags = (FloatFlags)(random.Next(32) & random.Next(32)) };
        var expected = new ulong[TestFrontEnd.Count];
        foreach (ref ulong slot in expected.AsSpan()) slot = code == IrOpcode.FFromInt ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : values.Any();
        expected.CopyTo(machine.State.AsSpan());
        machine.FloatControl = FloatControl.Of(soft.Rounding, soft.Flags);
        new IrInterpreter(new FlatMemory(0, 4096), soft).Run(region, expected);
        machine.Run(start);
        uint control = FloatControl.Visible(machine.FloatControl);
        Span<ulong> slots = machine.State.AsSpan();
        if (slots[..TestFrontEnd.Count].SequenceEqual(expected) && control == FloatControl.Of(soft.Rounding, soft.Flags)) return;
        var message = new List<string> { $"flags {FloatControl.FlagsOf(control)}, should be {soft.Flags}; {soft.Rounding}" };
        for (int slot = 0; slot < expected.Length; slot++)
        {
            if (slots[slot] != expected[slot]) message.Add($"slot {slot}: 0x{slots[slot]:x}, should be 0x{expected[slot]:x}");
        }

        message.Add(new IrPrinter(slot => $"${slot}").Print(region));
        message.Add(CodeText.Of(machine.Target, region));
        Assert.Fail(string.Join("\n", message));
    }
}
