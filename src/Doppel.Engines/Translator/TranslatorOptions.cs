using Doppel.CodeGen.X64;
using Doppel.Engines.Translator.Observation;

namespace Doppel.Engines.Translator;

/// <summary>How the translator works; the defaults are right but for tests.</summary>
public sealed record TranslatorOptions
{
    /// <summary>Below this some regions might find no room in a segment.</summary>
    public const int MinCodeBytes = 2 << 20;

    /// <summary>So that all of it is within reach of a jump.</summary>
    public const int MaxCodeBytes = 1 << 30;

    public const int DefaultCodeBytes = 256 << 20;

    /// <summary>Bytes of memory for generated code. When it is full the oldest eighth goes. Takes host memory only as far as it is used.</summary>
    public int CodeBytes { get; init; } = DefaultCodeBytes;

    /// <summary>Who wants to know what code there is. Whoever made them disposes them, after the translator.</summary>
    public IReadOnlyList<ICodeObserver> Observers { get; init; } = [];

    /// <summary>Generated code counts instructions, so that budgets are exact. All vCPUs run on one thread, by turns.</summary>
    public bool Counts { get; init; }

    /// <summary>
    /// If in the mean less time than so many nanoseconds passes until an access remembers another page, or up to eight times that but the page remembered is seldom right, one of these accesses does without that
    /// from then on (decision 0010); 0 for never.
    /// </summary>
    public int RefillNanoseconds { get; init; } = 25;

    /// <summary>
    /// How many instructions a second each vCPU may execute without translating them (<see cref="ColdAllowance"/>): what an idle guest executes is not worth the memory. 0 if all that is executed
    /// is to be translated; so it is where code counts, or its entries are observed.
    /// </summary>
    public int ColdInstructions { get; init; }

    /// <summary>What tells the seconds of <see cref="ColdInstructions"/>, and the nanoseconds of <see cref="RefillNanoseconds"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the generated code may use of the host's processor; at most what it has.</summary>
    public X64Features Features { get; init; } = X64Host.Features;
}
