using Doppel.Core.Bus;
using Doppel.Core.Memory;
using Doppel.Core.Trace;
using Doppel.Core.Vcpu;
using Doppel.Engines.Translator;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;

namespace Doppel.Tests.Unit.RiscV.Hart;

/// <summary>A bench's hart once more, from the state that it is in now, under the translator.</summary>
internal sealed class TranslatedTwin : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HartBench _bench;
    private readonly GuestMemory _memory = new();
    private readonly RiscVHart _hart;
    private readonly CodeTranslator _translator;

    public TranslatedTwin(HartBench bench)
    {
        _bench = bench;
        MemoryRegion from = bench.Memory.Regions[0], ram = _memory.AddRegion("ram", from.Address, from.Length);
        from.Span(0, (int)from.Length).CopyTo(ram.Span(0, (int)ram.Length));
        _hart = new RiscVHart(0, bench.Hart.Config, _memory, new SystemBus(NoTrace.Instance), bench.Clock, NoTrace.Instance);
        _translator = new CodeTranslator(new RiscVFrontEnd(_hart.Config.Extensions), ram, 1, RiscVSlot.Count, RiscVSlot.ReservationAddress);
        _hart.Engine = _translator.Attach(_hart.Processor);
        for (int slot = 0; slot < RiscVSlot.Count; slot++) _hart.WriteRegister(slot, bench.Hart.ReadRegister(slot));
    }

    /// <summary>Runs until it waits, and compares registers and memory with the bench's, which has run too.</summary>
    public void RunAndCompare()
    {
        using var watch = new Timer(_ => _hart.Kick(), null, Patience, Patience);
        Assert.Equal(StopReason.Halted, _hart.Run(long.MaxValue));
        for (int slot = 0; slot < RiscVSlot.Count; slot++)
        {
            // Each engine counts instructions in its own way.
            if (slot is RiscVSlot.Sink or RiscVSlot.Retired or RiscVSlot.MinstretBase or RiscVSlot.McycleBase or (>= RiscVSlot.Mhpmcounter and < RiscVSlot.PmuConfigured)) continue;
            if (slot == RiscVSlot.ReservationValue && _hart.ReadRegister(RiscVSlot.ReservationAddress) == ulong.MaxValue) continue;
            ulong expected = _bench.Hart.ReadRegister(slot), found = _hart.ReadRegister(slot);
            Assert.True(expected == found, $"{RiscVSlot.Name(slot)}: interpreter 0x{expected:x}, translator 0x{found:x}");
        }

        MemoryRegion ram = _memory.Regions[0];
        int same = _bench.Memory.Regions[0].Span(0, (int)ram.Length).CommonPrefixLength(ram.Span(0, (int)ram.Length));
        Assert.True(same == (int)ram.Length, $"memory differs at 0x{ram.Address + (ulong)same:x}");
    }

    public void Dispose()
    {
        _translator.Dispose();
        _hart.Dispose();
        _memory.Dispose();
    }
}
