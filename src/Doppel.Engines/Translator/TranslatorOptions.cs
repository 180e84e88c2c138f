using Doppel.CodeGen.X64;

namespace Doppel.Engines.Translator;

/// <summary>How the translator works; the defaults are right but for tests.</summary>
public sealed record TranslatorOptions
{
    /// <summary>Bytes of generated code after which everything is translated anew.</summary>
    public int CodeBytes { get; init; } = 256 << 20;

    /// <summary>What the generated code may use of the host's processor; at most what it has.</summary>
    public X64Features Features { get; init; } = X64Host.Features;
}
