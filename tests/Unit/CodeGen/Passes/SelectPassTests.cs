using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;
using Doppel.Tests.Unit.CodeGen.Ir;
using Doppel.Tests.Unit.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.Passes;

/// <summary>Short forward branches as they are, and as choices: interpreted and compiled.</summary>
public sealed class SelectPassTests
{
    // With and without registers; few, so that what is compared, changed and taken are often the same.
    private static readonly int[] Slots = [10, 11, 3, 4];
    private static readonly IrOpcode[] Operations = [IrOpcode.Mov, IrOpcode.Add, IrOpcode.Sub, IrOpcode.And, IrOpcode.Xor, IrOpcode.AndNot, IrOpcode.Shl, IrOpcode.Sar, IrOpcode.ShlAdd];

    private readonly IrRegion _region = new();

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Choice_does_what_the_branch_did(X64Features features)
    {
        using var comparison = new Comparison(features);
        var interpreter = new IrInterpreter(new FlatMemory(Comparison.MemoryStart, 4096), new SoftFloat());
        var pipeline = new PassPipeline(TestFrontEnd.Pc);
        var random = new Random(7);
        ulong[][] before = [.. Enumerable.Range(0, 4).Select(_ => new ulong[TestFrontEnd.Count])], after = [.. before.Select(_ => new ulong[TestFrontEnd.Count])];
        int chosen = 0;
        for (int i = 0; i < 3000; i++)
        {
            Build(random);
            for (int run = 0; run < before.Length; run++)
            {
                foreach (ref ulong slot in before[run].AsSpan()) slot = random.Next(3) == 0 ? (ulong)random.Next(3) : (ulong)random.NextInt64(long.MinValue, long.MaxValue);
                before[run].CopyTo(after[run], 0);
                interpreter.Run(_region, after[run]);
            }

            string text = new IrPrinter(slot => $"${slot}").Print(_region);
            pipeline.Run(_region);
            if (!_region.Ops.ToArray().Any(op => op.Code == IrOpcode.Branch)) chosen++;
            for (int run = 0; run < before.Length; run++)
            {
                comparison.Check(_region, 1, slots => before[run].CopyTo(slots));
                foreach (int slot in Slots) Assert.True(after[run][slot] == comparison.Machine.State.At(slot), $"slot {slot} from\n{text}");
            }
        }

        Assert.True(chosen > 2000);
    }

    private void Build(Random random)
    {
        _region.Reset();
        IrOperand end = _region.NewLabel();
        IrOperand d = Slot(random);
        Guest(0);
        _region.Emit(IrOpcode.Branch, a: random.Next(8) == 0 ? _region.Constant(1) : Slot(random), b: Value(random), c: end, detail: (byte)random.Next(6));
        int length = random.Next(1, 3);
        for (int i = 0; i < length; i++)
        {
            Guest(4 + (4 * i));
            IrOpcode code = Operations[random.Next(Operations.Length)];
            IrType type = code switch
            {
                IrOpcode.Mov => (IrType)random.Next((int)IrType.F64),
                IrOpcode.ShlAdd => random.Next(2) == 0 ? IrType.I64 : IrType.U32,
                _ => (IrType)random.Next((int)IrType.S32 + 1),
            };
            _region.Emit(code, type, d, random.Next(2) == 0 ? d : Slot(random), code == IrOpcode.Mov ? IrOperand.None : Value(random), code == IrOpcode.ShlAdd ? _region.Constant(random.Next(4)) : IrOperand.None);
        }

        _region.Emit(IrOpcode.Label, c: end);
        Guest(20);
        _region.Emit(IrOpcode.Add, d: IrOperand.Slot(Slots[0]), a: IrOperand.Slot(Slots[0]), b: d);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(24));
    }

    private static IrOperand Slot(Random random) => IrOperand.Slot(Slots[random.Next(Slots.Length)]);

    private IrOperand Value(Random random) => random.Next(4) switch { 0 => _region.Constant(0), 1 => _region.Constant(random.NextInt64()), _ => Slot(random) };

    private void Guest(int distance) => _region.BeginInstruction(distance);
}
