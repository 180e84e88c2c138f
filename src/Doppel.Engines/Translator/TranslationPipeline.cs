using Doppel.CodeGen.Ir;
using Doppel.CodeGen.Passes;
using Doppel.CodeGen.X64;

namespace Doppel.Engines.Translator;

/// <summary>What translating takes besides the front end, and the memory that it works in. Made when the first region is translated: a machine that idles may never need it.</summary>
internal sealed class TranslationPipeline(int pcSlot, X64Target target, X64Stubs stubs)
{
    public IrRegion Ir { get; } = new();

    public PassPipeline Passes { get; } = new(pcSlot);

    public X64Backend Backend { get; } = new(target, stubs);

    /// <summary>The bytes of the page that is translated.</summary>
    public byte[] Text { get; } = new byte[CodePage.Size];

    /// <summary>Those of the page behind.</summary>
    public byte[] NextText { get; } = new byte[CodePage.Size];
}
