using Doppel.Core.Vcpu;
using Doppel.Engines.Translator;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;
using Doppel.Tests.Unit.RiscV.Hart;

namespace Doppel.Tests.Unit.Engines.Translator;

/// <summary>The same program in two machines, one under the interpreter, one under the translator.</summary>
internal sealed class TranslatorBench : IDisposable
{
    public TranslatorBench(string program, TranslatorOptions? options = null)
    {
        Interpreted = new HartBench(program);
        Translated = new HartBench(program);
        Translator = new CodeTranslator(new RiscVFrontEnd(Translated.Hart.Config.Extensions), Translated.Memory.Regions[0], 1, RiscVSlot.Count, RiscVSlot.ReservationAddress, options);
        Translated.Hart.Engine = Translator.Attach(Translated.Hart.Processor);
    }

    public HartBench Interpreted { get; }

    public HartBench Translated { get; }

    public CodeTranslator Translator { get; }

    public TranslatorBench Both(Action<HartBench> action)
    {
        action(Interpreted);
        action(Translated);
        return this;
    }

    /// <summary>Runs both until they wait, and compares all registers but the counters.</summary>
    public TranslatorBench Run()
    {
        Assert.Equal(StopReason.Halted, Interpreted.Hart.Run(10_000_000));
        Assert.Equal(StopReason.Halted, Translated.Hart.Run(long.MaxValue));
        for (int slot = 0; slot < RiscVSlot.Count; slot++)
        {
            if (slot is RiscVSlot.Sink or RiscVSlot.Retired or RiscVSlot.MinstretBase or RiscVSlot.McycleBase or (>= RiscVSlot.Mhpmcounter and < RiscVSlot.PmuConfigured)) continue;
            ulong expected = Interpreted.Hart.ReadRegister(slot), actual = Translated.Hart.ReadRegister(slot);
            Assert.True(expected == actual, $"{RiscVSlot.Name(slot)}: interpreter 0x{expected:x}, translator 0x{actual:x}");
        }

        return this;
    }

    public void Dispose()
    {
        Translator.Dispose();
        Translated.Dispose();
        Interpreted.Dispose();
    }
}
