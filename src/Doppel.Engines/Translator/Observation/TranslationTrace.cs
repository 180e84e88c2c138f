using Doppel.Core.Trace;

namespace Doppel.Engines.Translator.Observation;

/// <summary>Writes a line for each region that is translated and for each entry of one; docs/tracing.md describes them.</summary>
/// <remarks>Host addresses are not among it, so that traces of two runs can be compared.</remarks>
public sealed class TranslationTrace(ITrace trace) : ICodeObserver
{
    public bool SeesEntries => true;

    public bool WantsAnonymousCode => false;

    public void Made(in ObservedCode code) =>
        trace.Write(TraceCategory.Tb, $"made 0x{code.Page:x}+0x{code.Entry:x3} {code.Mode}: {code.Instructions} instructions, {code.GuestBytes} guest bytes, {code.HostBytes} host bytes");

    public void Entered(int vcpu, ulong address, ulong page, string mode) =>
        trace.Write(TraceCategory.Tb, $"vcpu {vcpu}: 0x{page:x}+0x{address & 0xfff:x3} {mode} at 0x{address:x16}");
}
