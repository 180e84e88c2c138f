using Doppel.CodeGen.Ir;
using Doppel.CodeGen.X64;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Rows of accesses through few slots, as compilers make them, against the interpreter.</summary>
public sealed class X64GroupTests
{
    // With and without registers.
    private static readonly int[] Bases = [10, 11, 3, 4];
    private static readonly int[] Values = [12, 13, 5, 6];
    private static readonly int[] Floats = [42, 43, 60];

    private readonly IrRegion _region = new();

    [Theory]
    [MemberData(nameof(Comparison.FeatureSets), MemberType = typeof(Comparison))]
    public void Rows_of_accesses_do_what_the_interpreter_does(X64Features features)
    {
        using var comparison = new Comparison(features);
        var random = new Random(6);
        for (int i = 0; i < 3000; i++)
        {
            if (i % 20 == 0)
            {
                comparison.Machine.FlushTlbs();
                comparison.Randomize(random);
            }

            comparison.Machine.FillsTlbs = random.Next(5) != 0;
            Build(random);
            comparison.Check(_region, 4, slots => Fill(slots, random));
        }
    }

    [Fact]
    public void Row_needs_no_engine_once_its_page_is_known()
    {
        using var comparison = new Comparison(X64Host.Features);
        for (int i = 0; i < 4; i++)
        {
            Guest(4 * i);
            _region.Emit(IrOpcode.Store, a: IrOperand.Slot(10), b: IrOperand.Slot(12), c: _region.Constant(8 * i));
        }

        _region.Emit(IrOpcode.Goto, a: _region.Constant(16));
        comparison.Check(_region, 1, slots => slots[10] = Comparison.MemoryStart);
        Assert.Equal(2, comparison.Machine.Asked.Count);
        comparison.Machine.Asked.Clear();

        // Unaligned too, as long as it is in one page.
        comparison.Check(_region, 1, slots => slots[10] = Comparison.MemoryStart + 4096 - 35);
        Assert.Single(comparison.Machine.Asked);
    }

    private void Build(Random random)
    {
        _region.Reset();
        _region.KeepsView = random.Next(2) == 0;
        int distance = 0;
        IrOperand end = _region.NewLabel();
        int length = random.Next(2, 14);
        for (int i = 0; i < length; i++)
        {
            Guest(distance += 4);
            int value = Values[random.Next(Values.Length)];
            switch (random.Next(12))
            {
                case 0:
                    _region.Emit(IrOpcode.Branch, a: IrOperand.Slot(value), b: _region.Constant(0), c: end, detail: (byte)random.Next(4));
                    break;
                case 1:
                    // Takes rax and rdx.
                    _region.Emit(IrOpcode.DivU, d: IrOperand.Slot(value), a: IrOperand.Slot(Values[random.Next(Values.Length)]), b: IrOperand.Slot(7));
                    break;
                case 2:
                    IrOperand first = _region.NewTemp(), second = _region.NewTemp();
                    _region.Emit(IrOpcode.Add, d: first, a: IrOperand.Slot(value), b: IrOperand.Slot(7));
                    _region.Emit(IrOpcode.Xor, d: second, a: first, b: IrOperand.Slot(5));
                    _region.Emit(IrOpcode.Sub, d: IrOperand.Slot(value), a: second, b: first);
                    break;
                case 3 when random.Next(3) == 0:
                    int changed = Bases[random.Next(Bases.Length)];
                    _region.Emit(IrOpcode.Add, d: IrOperand.Slot(changed), a: IrOperand.Slot(changed), b: _region.Constant(random.Next(-16, 16)));
                    break;
                case 4 when random.Next(8) == 0:
                    _region.Emit(IrOpcode.Step, a: _region.Constant(distance));
                    break;
                default:
                    Access(random, value);
                    break;
            }
        }

        _region.Emit(IrOpcode.Label, c: end);
        Guest(200);
        _region.Emit(IrOpcode.Goto, a: _region.Constant(204));
    }

    private void Access(Random random, int value)
    {
        var type = (IrType)random.Next((int)IrType.F32 + 1);
        if (type >= IrType.F64) value = Floats[random.Next(Floats.Length)];
        IrOperand @base = IrOperand.Slot(Bases[random.Next(random.Next(2) == 0 ? 2 : 4)]);
        IrOperand offset = _region.Constant(random.Next(20) == 0 ? random.Next(-3000, 3000) : random.Next(-8, 8) * 8);
        if (random.Next(2) == 0)
        {
            if (type < IrType.F64 && random.Next(4) == 0) _region.Emit(IrOpcode.Store, type, a: @base, b: _region.Constant(random.NextInt64()), c: offset);
            else _region.Emit(IrOpcode.Store, type, a: @base, b: IrOperand.Slot(value), c: offset);
        }
        else if (type < IrType.F64 && random.Next(8) == 0)
        {
            // Overwrites its own base, and in the next instruction nobody knows what it is.
            _region.Emit(IrOpcode.Load, type, @base, @base, c: offset);
        }
        else
        {
            _region.Emit(IrOpcode.Load, type, IrOperand.Slot(value), @base, c: offset);
        }
    }

    /// <summary>Bases mostly well inside of a page, at times near an end or nowhere.</summary>
    private static void Fill(Span<ulong> slots, Random random)
    {
        foreach (ref ulong slot in slots) slot = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        slots[12] = (ulong)random.Next(2);
        foreach (int slot in Bases)
        {
            slots[slot] = random.Next(12) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => Comparison.MemoryStart + (ulong)random.Next(80),
                2 => Comparison.MemoryStart + 4096 - (ulong)random.Next(80),
                3 => Comparison.MemoryEnd - (ulong)random.Next(80),
                4 => Comparison.MemoryStart + (ulong)random.Next(8192),
                _ => Comparison.MemoryStart + 64 + 8 * (ulong)random.Next(1000),
            };
        }
    }

    private void Guest(int distance) => _region.BeginInstruction(distance);
}
