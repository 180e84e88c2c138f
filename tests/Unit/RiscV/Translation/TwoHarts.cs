using Doppel.RiscV.Hart;
using Doppel.Tests.Unit.RiscV.Hart;

namespace Doppel.Tests.Unit.RiscV.Translation;

/// <summary>Two harts with memories of their own: one under the interpreter, the reference, and one whose code goes through the front end.</summary>
internal sealed class TwoHarts : IDisposable
{
    public const ulong Base = HartBench.Base;

    /// <summary>mstatus with floating point in use.</summary>
    public const ulong FloatOn = 3UL << 13;

    private readonly ulong[] _initial;

    public TwoHarts(string program = "wfi")
    {
        Reference = new HartBench(program);
        Translated = new HartBench(program);
        Engine = new RegionInterpreter(Translated.Hart);
        using var other = new HartBench();
        other.Hart.DelegateToSupervisor();
        _initial = other.Hart.Processor.State.AsSpan().ToArray();
    }

    public HartBench Reference { get; }

    public HartBench Translated { get; }

    public RegionInterpreter Engine { get; }

    /// <summary>The state after reset, with all that firmware gives to S-mode.</summary>
    public ulong[] Initial => [.. _initial];

    /// <summary>Sets all slots of both.</summary>
    public void SetState(ReadOnlySpan<ulong> slots)
    {
        foreach (HartBench bench in (HartBench[])[Reference, Translated])
        {
            slots.CopyTo(bench.Hart.Processor.State.AsSpan());

            // Caches of privileged state are renewed.
            bench.Hart.WriteRegister(RiscVSlot.Mode, slots[RiscVSlot.Mode]);
        }
    }

    /// <summary>Sets a slot of both.</summary>
    public void Set(int slot, ulong value)
    {
        Reference.Hart.WriteRegister(slot, value);
        Translated.Hart.WriteRegister(slot, value);
    }

    public void WriteCode(ulong address, string text)
    {
        Reference.WriteCode(address, text);
        Translated.WriteCode(address, text);
    }

    public void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        Assert.True(Reference.Memory.TryWrite(address, bytes));
        Assert.True(Translated.Memory.TryWrite(address, bytes));
    }

    /// <summary>Runs both until they wait, and compares them.</summary>
    public TwoHarts Run()
    {
        Reference.Run(10_000_000);
        Translated.Run(long.MaxValue);
        Compare("the program");
        return this;
    }

    /// <summary>Compares all registers but the counters, which are not the same under both.</summary>
    public void Compare(string what)
    {
        for (int slot = 0; slot < RiscVSlot.Sink; slot++)
        {
            if (slot is RiscVSlot.Retired or RiscVSlot.MinstretBase or RiscVSlot.McycleBase or (>= RiscVSlot.Mhpmcounter and < RiscVSlot.PmuConfigured)) continue;
            ulong expected = Reference.Hart.ReadRegister(slot), actual = Translated.Hart.ReadRegister(slot);
            Assert.True(expected == actual, $"{what}: {RiscVSlot.Name(slot)} is 0x{actual:x}, expected 0x{expected:x}");
        }
    }

    /// <summary>Compares some memory.</summary>
    public void CompareMemory(string what, ulong address, int length)
    {
        byte[] expected = new byte[length], actual = new byte[length];
        Assert.True(Reference.Memory.TryRead(address, expected) && Translated.Memory.TryRead(address, actual));
        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{what}: memory differs at 0x{address + (ulong)expected.AsSpan().CommonPrefixLength(actual):x}");
    }

    public void Dispose()
    {
        Reference.Dispose();
        Translated.Dispose();
    }
}
