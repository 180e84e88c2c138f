using Doppel.CodeGen.X64;
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
    /// <param name="features">What generated code may use of the host at most; null for all that it has.</param>
    /// <param name="counts">Whether generated code counts instructions.</param>
    /// <param name="tracesTraps">Whether harts report all traps; else generated code may take some by itself.</param>
    /// <param name="cold">If not 0, about so many instructions are interpreted every few times that code is missed.</param>
    public EngineAttachment(EngineKind engine, MemoryRegion ram, IReadOnlyList<RiscVHart> harts, int codeBytes, X64Features? features, bool counts, bool tracesTraps, int cold)
    {
        if (engine != EngineKind.Translator) return;

        // The beginning makes xunit skip the test.
        if (!CodeTranslator.IsSupported) throw new PlatformNotSupportedException("$XunitDynamicSkip$this host cannot run generated code");
        var options = new TranslatorOptions { Counts = counts, ColdInstructions = cold, Time = new HastyTime() };
        if (codeBytes > 0) options = options with { CodeBytes = codeBytes };
        if (features is { } only) options = options with { Features = options.Features & only };
        _translator = new CodeTranslator(new RiscVFrontEnd(harts[0].Config.Extensions, code => X64Backend.Supports(options.Features, code), counts, tracesTraps), ram, harts.Count, RiscVSlot.Count, RiscVSlot.ReservationAddress, options);
        foreach (RiscVHart hart in harts) hart.Engine = _translator.Attach(hart.Processor);
    }

    /// <summary>How often a part of the code cache was given up because it was full; 0 under the interpreter.</summary>
    public long Evictions => _translator?.Counters.Evictions ?? 0;

    /// <summary>How many instructions were interpreted because they were not worth translating; 0 under the interpreter.</summary>
    public long Interpreted => _translator?.Statistics.Single(s => s.Name == "translator.interpreted").Value ?? 0;

    public void Dispose() => _translator?.Dispose();
}
