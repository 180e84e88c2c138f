using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Ir.Interpretation;
using Doppel.CodeGen.X64;
using Doppel.Tests.Unit.CodeGen.Ir;

namespace Doppel.Tests.Unit.CodeGen.X64;

/// <summary>Runs regions compiled and interpreted, and compares slots, memory, exits and events.</summary>
internal sealed class Comparison : IDisposable
{
    private const int MemorySize = 2 * 4096;
    private readonly FlatMemory _expectedMemory = new(MemoryStart, MemorySize);
    private readonly FlatMemory _memory = new(MemoryStart, MemorySize);
    private readonly IrInterpreter _interpreter;
    private readonly ulong[] _before = new ulong[TestFrontEnd.Count];
    private readonly ulong[] _expected = new ulong[TestFrontEnd.Count];

    public Comparison(X64Features features, bool singleProcessor = false)
    {
        _interpreter = new IrInterpreter(_expectedMemory, new SoftFloat());
        Machine = new CodeMachine(_memory, features, singleProcessor);
    }

    /// <summary>Where the guest's two pages of memory are.</summary>
    public static ulong MemoryStart => 0x4321_0000;

    public static ulong MemoryEnd => MemoryStart + MemorySize;

    public CodeMachine Machine { get; }

    /// <summary>All combinations of what the host has that matter; those that it has not are left out.</summary>
    public static TheoryData<X64Features> FeatureSets => [.. new[] { X64Features.None, X64Host.Features, X64Host.Features & ~X64Features.Bmi2 }.Distinct()];

    /// <summary>Runs one region with several states.</summary>
    /// <param name="fill">Sets the slots before a run.</param>
    public void Check(IrRegion region, int runs, Action<Span<ulong>> fill)
    {
        nint code = Machine.Compile(region);
        for (int run = 0; run < runs; run++)
        {
            fill(_before);
            _before[TestFrontEnd.Reservation] = ulong.MaxValue;
            _before.CopyTo(_expected, 0);
            _before.CopyTo(Machine.State.AsSpan());
            _expectedMemory.Events.Clear();
            _expectedMemory.Reservation = ulong.MaxValue;
            _memory.Events.Clear();
            IrExit expectedExit = _interpreter.Run(region, _expected);
            IrExit exit = Machine.Run(code);
            Compare(region, expectedExit, exit);
        }
    }

    public void Randomize(Random random)
    {
        random.NextBytes(_memory.Bytes);
        _memory.Bytes.CopyTo(_expectedMemory.Bytes);
    }

    public void Dispose() => Machine.Dispose();

    private void Compare(IrRegion region, IrExit expectedExit, IrExit exit)
    {
        Span<ulong> slots = Machine.State.AsSpan();
        if (expectedExit.Kind == IrExitKind.GotoIndirect) expectedExit = expectedExit with { Distance = 0 };
        slots[TestFrontEnd.Reservation..][..2].CopyTo(_expected.AsSpan(TestFrontEnd.Reservation));
        if (exit == expectedExit && slots.SequenceEqual(_expected) && _memory.Bytes.SequenceEqual(_expectedMemory.Bytes)
            && _memory.Events.SequenceEqual(_expectedMemory.Events)) return;
        var message = new List<string> { $"exit {exit}, should be {expectedExit}" };
        for (int slot = 0; slot < _expected.Length; slot++)
        {
            if (slots[slot] != _expected[slot]) message.Add($"slot {slot}: 0x{slots[slot]:x}, should be 0x{_expected[slot]:x}, was 0x{_before[slot]:x}");
        }

        for (int i = 0; i < MemorySize; i++)
        {
            if (_memory.Bytes[i] != _expectedMemory.Bytes[i]) message.Add($"memory {i}: 0x{_memory.Bytes[i]:x}, should be 0x{_expectedMemory.Bytes[i]:x}");
        }

        message.Add($"events {string.Join(", ", _memory.Events)}, should be {string.Join(", ", _expectedMemory.Events)}");
        message.Add(new IrPrinter(slot => $"${slot}").Print(region));
        message.Add(CodeText.Of(Machine.Target, region));
        Assert.Fail(string.Join("\n", message));
    }
}
