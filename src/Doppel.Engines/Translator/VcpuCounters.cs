using Doppel.CodeGen;
using Doppel.Core.Metrics;

namespace Doppel.Engines.Translator;

/// <summary>What one vCPU has asked of the translator so far. Written by its thread alone; others may read, and see a number of a moment ago.</summary>
internal sealed class VcpuCounters
{
    private readonly long[] _callbacks = new long[Enum.GetValues<CallbackKind>().Length];
    private readonly long[] _leaves = new long[Enum.GetValues<CallbackKind>().Length];

    /// <summary>Times that generated code was entered from the run loop.</summary>
    public long Entries { get; set; }

    /// <summary>Instructions executed one by one because they were not worth translating yet.</summary>
    public long Interpreted { get; set; }

    /// <summary>Changes of privilege, address space or floating-point state.</summary>
    public long ContextChanges { get; set; }

    /// <summary>Flushes of all translations, of a space, of a page.</summary>
    public long Flushes { get; set; }

    public long SpaceFlushes { get; set; }

    public long PageFlushes { get; set; }

    /// <summary>Fences of code.</summary>
    public long CodeFences { get; set; }

    public long TlbFills { get; set; }

    /// <summary>What generated code asked.</summary>
    public void Count(CallbackKind kind) => _callbacks[(int)kind]++;

    /// <summary>What generated code asked and did not go on after.</summary>
    public void CountLeave(CallbackKind kind) => _leaves[(int)kind]++;

    /// <summary>All numbers of several vCPUs, summed.</summary>
    public static IEnumerable<Statistic> Sum(IReadOnlyList<VcpuCounters> vcpus)
    {
        Statistic Total(string name, Func<VcpuCounters, long> count) => new($"translator.{name}", vcpus.Sum(count));
        return
        [
            Total("entries", v => v.Entries),
            Total("interpreted", v => v.Interpreted),
            Total("context-changes", v => v.ContextChanges),
            Total("flushes", v => v.Flushes),
            Total("space-flushes", v => v.SpaceFlushes),
            Total("page-flushes", v => v.PageFlushes),
            Total("code-fences", v => v.CodeFences),
            Total("tlb-fills", v => v.TlbFills),
            .. Enum.GetValues<CallbackKind>().Select(kind => Total($"callbacks.{kind.ToString().ToLowerInvariant()}", v => v._callbacks[(int)kind])),
            .. Enum.GetValues<CallbackKind>().Select(kind => Total($"exits.{kind.ToString().ToLowerInvariant()}", v => v._leaves[(int)kind])),
        ];
    }
}
