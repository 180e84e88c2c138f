using Doppel.Core.Memory;
using Doppel.Engines.Translator;
using Doppel.Machine;
using Doppel.RiscV.Hart;
using Doppel.RiscV.Translation;

namespace Doppel.Tests.Conformance.Engines;

/// <summary>Gives harts the engine that a test names.</summary>
internal sealed class EngineAttachment : IDisposable
{
    private readonly CodeTranslator? _translator;

    /// <param name="codeBytes">Room for generated code; 0 for the translator's own choice.</param>
    public EngineAttachment(EngineKind engine, MemoryRegion ram, IReadOnlyList<RiscVHart> harts, int codeBytes)
    {
        if (engine != EngineKind.Translator) return;
        TranslatorOptions options = codeBytes > 0 ? new TranslatorOptions { CodeBytes = codeBytes } : new TranslatorOptions();
        _translator = new CodeTranslator(new RiscVFrontEnd(harts[0].Config.Extensions), ram, harts.Count, RiscVSlot.Count, RiscVSlot.ReservationAddress, options);
        foreach (RiscVHart hart in harts) hart.Engine = _translator.Attach(hart.Processor);
    }

    /// <summary>How often the code cache was full; 0 under the interpreter.</summary>
    public long Generations => _translator?.Counters.Generations ?? 0;

    public void Dispose() => _translator?.Dispose();
}
